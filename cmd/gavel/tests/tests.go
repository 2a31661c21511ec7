// Package tests implements "gavel test", which runs tests of rules, and its
// output formats.
package tests

import (
	"errors"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/rehearse"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/ruleset"
)

// request has the flags of the command.
type request struct {
	output, run string
	rules       []string
	verbose     bool
	cover       bool
}

// New returns the command "gavel test".
func New() *cobra.Command {
	var f request
	cmd := &cobra.Command{
		Use:   "test [FILE-OR-DIR …]",
		Short: "Run tests of rules; nothing is ever sent",
		Long: `Runs the tests in *_test.yaml files: each sends made-up events to the rules, lets
time pass on a clock of its own, and compares the runs, messages and waits with
what it expects. Destinations are made up, too. Exit code 1 when a test fails.

rules_test.yaml tests rules.yaml beside it, unless it names other rules.`,
		Example: `  gavel test                         every *_test.yaml in this folder
  gavel test rules_test.yaml -v --run 'cancel'
  gavel test --output junit > report.xml`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.tests(cmd, args) },
	}
	cmd.AddCommand(newRecord())
	usage.Output(cmd, &f.output, "text", "json", "junit")
	flags := cmd.Flags()
	flags.StringVar(&f.run, "run", "", "only tests whose name matches this regular expression")
	flags.StringSliceVar(&f.rules, "rules", nil, "test these rules files or directories instead")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show what happens in every test")
	flags.BoolVar(&f.cover, "coverage", true, "say what no test touches")
	return cmd
}

func (f *request) tests(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		args = []string{"."}
	}
	var o rehearse.SuiteOptions
	if f.run != "" {
		pattern, err := regexp.Compile(f.run)
		if err != nil {
			return usage.Errorf("--run: %w", err)
		}
		o.Run = pattern
	}
	files, err := ruleset.FindSuites(args)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return errors.New("there are no tests here; write some into a file such as rules_test.yaml")
	}
	var suites []ruleset.TestedSuite
	failed := false
	for _, file := range files {
		s := ruleset.TestSuite(cmd.Context(), file, f.rules, o)
		suites = append(suites, s)
		failed = failed || s.Findings.HasErrors()
		for _, outcome := range s.Outcomes {
			failed = failed || outcome.Failed()
		}
	}
	if err := f.print(cmd, suites); err != nil {
		return err
	}
	if failed {
		return usage.ErrFindings
	}
	return nil
}

func (f *request) print(cmd *cobra.Command, suites []ruleset.TestedSuite) error {
	switch f.output {
	case "json":
		return terminal.JSON(cmd.OutOrStdout(), testJSON(suites))
	case "junit":
		return printJUnit(cmd.OutOrStdout(), suites)
	}
	t := &printer{w: terminal.SafeWriter(cmd.OutOrStdout()), verbose: f.verbose, cover: f.cover && f.run == ""}
	return t.suites(suites)
}

// suiteReport is the JSON form of test results.
type suiteReport struct {
	File     string                   `json:"file"`
	Tests    []*rehearse.Outcome      `json:"tests"`
	Findings text.Findings            `json:"findings"`
	Coverage []*rehearse.RuleCoverage `json:"coverage"`
}

func testJSON(suites []ruleset.TestedSuite) []suiteReport {
	out := []suiteReport{}
	for _, s := range suites {
		r := suiteReport{File: s.File, Tests: s.Outcomes, Findings: s.Findings, Coverage: s.Coverage}
		if r.Tests == nil {
			r.Tests = []*rehearse.Outcome{}
		}
		if r.Findings == nil {
			r.Findings = text.Findings{}
		}
		out = append(out, r)
	}
	return out
}
