package tests

import (
	"fmt"
	"io"
	"strings"

	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/rehearse"
	"github.com/gavel-rules/gavel/ruleset"
)

// printer prints test results as text. It keeps the first write error.
type printer struct {
	w              io.Writer
	verbose, cover bool
	err            error
}

func (t *printer) say(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format+"\n", args...)
	}
}

func (t *printer) suites(suites []ruleset.TestedSuite) error {
	tests, failed, broken := 0, 0, 0
	for _, s := range suites {
		if t.err == nil {
			t.err = s.Findings.Text(t.w)
		}
		if s.Findings.HasErrors() {
			broken++
		}
		for _, o := range s.Outcomes {
			tests++
			if o.Failed() {
				failed++
			}
			t.outcome(o)
		}
		if t.cover && len(s.Outcomes) > 0 {
			t.coverage(s)
		}
	}
	words := []string{terminal.Counted(tests, "test", "tests")}
	if failed > 0 {
		words = append(words, fmt.Sprintf("%d failed", failed))
	} else if broken == 0 {
		words = append(words, "all passed")
	}
	if broken > 0 {
		words = append(words, terminal.Counted(broken, "file cannot be run", "files cannot be run"))
	}
	t.say("%s", strings.Join(words, ", "))
	return t.err
}

func (t *printer) outcome(o *rehearse.Outcome) {
	switch {
	case o.Failed():
		t.say("FAIL  %s  %s", o.Name, o.Pos)
	case t.verbose:
		t.say("ok    %s  %s", o.Name, o.Pos)
	}
	if t.verbose {
		for _, h := range o.Log {
			t.say("      %s  step %d  %s", h.At.UTC().Format("2006-01-02 15:04:05"), h.Step, h.Text)
			if h.Request != nil {
				t.say("                                     %s", terminal.Compact(h.Request, 400))
			}
		}
	}
	for _, f := range o.Failures {
		t.say("      %s: step %d: %s", f.Pos, f.Step, f.Message)
		if f.Diff != "" {
			for line := range strings.Lines(strings.TrimRight(f.Diff, "\n") + "\n") {
				t.say("        %s", strings.TrimRight(line, "\n"))
			}
		}
	}
}

func (t *printer) coverage(s ruleset.TestedSuite) {
	whole := 0
	for _, r := range s.Coverage {
		if len(r.Gaps()) == 0 {
			whole++
		}
	}
	t.say("coverage of %s: %d of %s fully tested", s.File, whole, terminal.Counted(len(s.Coverage), "rule", "rules"))
	for _, r := range s.Coverage {
		for _, gap := range r.Gaps() {
			t.say("      %s: rule %s: %s", r.Pos, r.Rule, gap)
		}
	}
}
