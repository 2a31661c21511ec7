package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/text"
)

// TestTheSameExpressionAgain: an expression that was compiled for one place is
// compiled, and named in errors, for each other place as if it stood alone.
func TestTheSameExpressionAgain(t *testing.T) {
	t.Parallel()
	const (
		counts  = `{ note: { text: "${{ window.count }}" } }`
		holds   = `{ note: { text: "${{ throttle.suppressed }}" } }`
		earlier = `{ id: find, note: { text: x } }, { note: { text: "${{ actions.find.id }}" } }`
		other   = `{ id: other, note: { text: x } }, { note: { text: "${{ actions.find.id }}" } }`
		silent  = `{ id: find, log: { text: x } }, { note: { text: "${{ actions.find.id }}" } }`
	)
	rule := func(name, event, more, actions string) string {
		return fmt.Sprintf("  - { name: %s, event: %s, %sactions: [ %s ] }\n", name, event, more, actions)
	}
	const (
		scheduled = "scheduling.smartscheduler.scheduled"
		setting   = "organization.setting.changed"
		threshold = "threshold: { count: 2, within: 1h }, "
		throttle  = "throttle: { once: 1h }, "
		digest    = "digest: { every: 1h }, "
		about     = "when: meeting.id == change.setting.name, "
	)
	parts := []string{
		rule("a", scheduled, threshold, counts), rule("b", scheduled, "", counts), rule("c", scheduled, digest, counts), rule("d", scheduled, throttle, counts),
		rule("e", scheduled, throttle, holds), rule("f", scheduled, threshold+throttle, holds+", "+counts), rule("g", scheduled, threshold, holds),
		rule("h", scheduled, "", earlier), rule("i", scheduled, "", other), rule("j", scheduled, "", silent), rule("k", scheduled, "", earlier),
		rule("l", scheduled, about, counts), rule("m", setting, about, holds), rule("n", `"*"`, about, earlier),
	}
	for i := range 40 { // more chains than are kept
		parts = append(parts, rule(fmt.Sprint("chain-", i), scheduled, "", fmt.Sprintf(`{ id: x%d, note: { text: x } }, { note: { text: "${{ actions.x%d.id }}" } }`, i, i%20)))
	}
	said := func(source string) map[string][]string {
		_, findings := rules.Load([]text.Source{{Name: "r.yaml", Content: []byte("rules:\n" + source)}}, rules.Options{Kinds: kinds()})
		out := map[string][]string{}
		for _, f := range findings {
			out[f.Rule] = append(out[f.Rule], fmt.Sprintf("%d: %s; %s", f.Pos.Column, f.Message, f.Hint))
		}
		return out
	}
	together := said(strings.Join(parts, ""))
	for _, part := range parts {
		for name, want := range said(part) {
			if got := together[name]; strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("rule %s: %q, alone %q", name, got, want)
			}
			delete(together, name)
		}
	}
	if len(together) > 0 {
		t.Errorf("only together: %q", together)
	}
}

// TestTheSameExpressionFailsInItsPlace: the error of a condition names the place
// of the rule it belongs to.
func TestTheSameExpressionFailsInItsPlace(t *testing.T) {
	t.Parallel()
	set := load(t, `
rules:
  - { name: first, event: "*", when: data.id > 3, actions: [ note: { text: x } ] }
  - { name: second, event: "*",   when: data.id > 3, actions: [ note: { text: x } ] }
`)
	verdicts := set.Match(sampleEvent(t))
	if len(verdicts) != 2 {
		t.Fatalf("%d verdicts", len(verdicts))
	}
	for i, place := range []string{"rules.yaml:3:38: ", "rules.yaml:4:41: "} {
		if got := fmt.Sprint(verdicts[i].Err); !strings.HasPrefix(got, place) {
			t.Errorf("%s, want it at %s", got, place)
		}
	}
}
