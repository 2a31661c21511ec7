package ruleset_test

import (
	"testing"

	"github.com/gavel-rules/gavel/rehearse"
	"github.com/gavel-rules/gavel/ruleset"
)

// TestExampleRules runs the tests of the example rules as a user does, and
// wants them to leave no gap, because people learn from them.
func TestExampleRules(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"../rules.example_test.yaml", "../examples/sales/rules_test.yaml"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			testExample(t, file)
		})
	}
}

func testExample(t *testing.T, file string) {
	t.Helper()
	s := ruleset.TestSuite(t.Context(), file, nil, rehearse.SuiteOptions{})
	if len(s.Findings) > 0 {
		t.Fatal(s.Findings)
	}
	for _, o := range s.Outcomes {
		for _, f := range o.Failures {
			t.Errorf("%s: %s: %s\n%s", o.Name, f.Pos, f.Message, f.Diff)
		}
	}
	for _, r := range s.Coverage {
		if gaps := r.Gaps(); len(gaps) > 0 {
			t.Errorf("rule %s: %q", r.Rule, gaps)
		}
	}
	if len(s.Outcomes) < 5 {
		t.Errorf("only %d tests", len(s.Outcomes))
	}
}
