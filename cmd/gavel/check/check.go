// Package check implements "gavel check", which finds mistakes in rules files,
// and its output formats.
package check

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/live"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/ruleset"
)

// New returns the command "gavel check".
func New() *cobra.Command {
	var output string
	var envAllow []string
	var watch bool
	cmd := &cobra.Command{
		Use:   "check FILE-OR-DIR …",
		Short: "Find every mistake in rules files",
		Long: `Reads rules exactly as serve does and prints all findings with their place, the
line and what to do. Exit code 1 when any of them is an error.

Environment variables that the rules name must be set, as for serve. With
--output github the findings are shown on the lines of a pull request when this
runs in GitHub Actions; with --output sarif they are a SARIF 2.1.0 log, which code
scanners take in. With --watch, the files are checked again whenever they change,
until Ctrl-C.`,
		Example: `  gavel check rules.yaml
  gavel check --watch rules.yaml
  gavel check rules/ --output sarif > findings.sarif`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage.Errorf("give one or more rules files or directories")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o := ruleset.Options{Paths: args, EnvAllow: envAllow, SecretsDir: place.FlagText(cmd, place.SecretsDir)}
			if watch {
				return watchAndCheck(cmd, o, output)
			}
			findings, err := check(cmd.OutOrStdout(), o, output)
			if err != nil {
				return err
			}
			if findings.HasErrors() {
				return usage.ErrFindings
			}
			return nil
		},
	}
	usage.Output(cmd, &output, "text", "json", "github", "sarif")
	cmd.Flags().BoolVar(&watch, "watch", false, "check again whenever a file changes")
	place.EnvAllowFlag(cmd, &envAllow)
	return cmd
}

// check loads the rules once and prints what was found.
func check(w io.Writer, o ruleset.Options, output string) (text.Findings, error) {
	set, findings := ruleset.Load(o)
	return findings, printCheck(w, output, set, findings)
}

func printCheck(w io.Writer, output string, set *rules.Set, findings text.Findings) error {
	if findings == nil {
		findings = text.Findings{}
	}
	switch output {
	case "json":
		return terminal.JSON(w, findings)
	case "sarif":
		return terminal.JSON(w, sarifOf(findings))
	case "github":
		return printAnnotations(w, findings)
	}
	if err := findings.Text(w); err != nil || set == nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%s, %s: no errors (revision %s)\n",
		terminal.Counted(len(set.Rules), "rule", "rules"), terminal.Counted(len(set.Connections), "connection", "connections"), set.Revision)
	return err
}

// watchAndCheck prints the findings now and after every change, until it is
// interrupted.
func watchAndCheck(cmd *cobra.Command, o ruleset.Options, output string) error {
	if output == "github" || output == "sarif" {
		return usage.Errorf("--watch prints text or json, not %s", output)
	}
	w := cmd.OutOrStdout()
	var failed error
	watched := live.New(func() (*rules.Set, text.Findings) {
		set, findings := ruleset.Load(o)
		if output == "text" {
			fmt.Fprintf(w, "%s\n", time.Now().Format("15:04:05"))
		}
		if err := printCheck(w, output, set, findings); err != nil {
			failed = errors.Join(failed, err)
		}
		return set, findings
	}, nil)
	// No logger: everything is printed already.
	return errors.Join(live.Watch(cmd.Context(), o.Paths, watched, nil), failed)
}
