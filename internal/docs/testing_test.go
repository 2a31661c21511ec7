package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/gavel-rules/gavel/rehearse"
	"github.com/gavel-rules/gavel/ruleset"
)

// isSuite tells a block of rule tests from one of rules.
var isSuite = regexp.MustCompile(`(?m)^tests:`)

// TestRuleTestsPass runs the tests that a page shows against the rules that it
// shows first.
func TestRuleTestsPass(t *testing.T) {
	t.Parallel()
	ran := 0
	for _, d := range documents(t) {
		first := ""
		for _, b := range d.blocks {
			switch {
			case b.lang != "yaml":
			case !isSuite.MatchString(b.text):
				if first == "" {
					first = b.text
				}
			default:
				ran += runBlock(t, b, first)
			}
		}
	}
	if ran < 5 {
		t.Errorf("only %d tests were run; does the test still see them?", ran)
	}
}

// runBlock returns how many tests it ran.
func runBlock(t *testing.T, b block, rules string) int {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"rules.yaml": rules, "rules_test.yaml": b.text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := ruleset.TestSuite(t.Context(), filepath.Join(dir, "rules_test.yaml"), nil, rehearse.SuiteOptions{})
	if len(s.Findings) > 0 {
		t.Errorf("%s:%d: %v", b.doc, b.line, s.Findings)
	}
	for _, o := range s.Outcomes {
		for _, f := range o.Failures {
			t.Errorf("%s:%d: %s: %s\n%s", b.doc, b.line, o.Name, f.Message, f.Diff)
		}
	}
	return len(s.Outcomes)
}
