package rules_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/actions"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/text"
)

// memoryFindings returns what is wrong with rules, with the hints.
func memoryFindings(t *testing.T, source string) []string {
	t.Helper()
	_, findings := rules.Load([]text.Source{{Name: "rules.yaml", Content: []byte(source)}}, rules.Options{Kinds: actions.Kinds(actions.Deps{})})
	var out []string
	for _, f := range findings {
		out = append(out, f.Message+"; "+f.Hint)
	}
	return out
}

func TestMistakesInMemory(t *testing.T) {
	t.Parallel()
	const head = "memory: { owner: { key: meeting.meetingOwner.userId, keep: 30d } }\nrules:\n  - name: r\n    event: scheduling.*\n"
	check := func(rule string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, memoryFindings(t, head+"    "+strings.ReplaceAll(rule, "\n", "\n    ")+"\n")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", rule, diff)
		}
	}
	check("when: memory.crmid == \"1\"\nactions: [ { remember: { crm_id: \"1\" } } ]", `no rule remembers "crmid"; did you mean "crm_id"?`)
	check("when: memory.owner.last == 1\nactions: [ { increment: { owner: { bookings: 1 } } } ]", `no rule remembers "last" for owner; use one of: bookings`)
	check("when: memory.owner.last == 1\nactions: [ { increment: { n: 1 } } ]", `no rule remembers "last" for owner; add the action remember: { owner: { last: … } }`)
	check("when: memory.at startsWith \"x\"\nactions: [ { remember: { at: \"${{ meeting.meetingStart }}\" } } ]", `invalid operation: startsWith (mismatched types time and string); write date("2026-01-31") for a time`)
	check("actions: [ { remember: { a: 1 } }, { remember: { a: \"${{ meeting.meetingStart }}\" } } ]", `"a" is remembered as a time here and as a number at rules.yaml:5:30; use one type, or another name`)
	check("actions: [ { increment: { a: 1 } }, { remember: { a: x } } ]", `"a" is remembered as text here and as a number at rules.yaml:5:31; use one type, or another name`)
	check("actions: [ { remember: { owner: 1 } } ]", `"owner" is a place of memory, so it must be a mapping, not the number 1; write owner: { name: … }, or use another name`)
	check("actions: [ { remember: { a-b: 1 } } ]", `name "a-b" is not allowed; use up to 60 letters, digits and _, and begin with a letter, so that memory.NAME can be written`)
	check("actions: [ { remember: {} } ]", `"remember" has no names; write remember: { name: value }`)
	check("actions: [ { increment: { a: x } } ]", `a: must be a number to add, not text; write 1, or use remember to set a value`)
	const unused = `memory "owner" is not used; use it, or remove it`
	// Values of unknown type, and forgetting, fit any type.
	check("actions: [ { remember: { a: \"${{ data.x }}\" } }, { remember: { a: x } }, { remember: { a: null } } ]", unused)
	check("when: (memory.a ?? 0) > 1\nactions: [ { increment: { a: 1 } }, { log: { message: \"${{ memory.a }}\" } } ]", unused)
}

func TestMemoryWithoutAMeeting(t *testing.T) {
	t.Parallel()
	const source = `
rules:
  - name: r
    event: organization.setting.changed
    actions: [ { remember: { a: 1 } } ]
  - name: q
    schedule: { at: "09:00" }
    actions: [ { increment: { c: 1 } } ]
  - name: s
    event: scheduling.*
    actions: [ { log: { message: "${{ memory.b }}" } } ]
`
	want := []string{
		`"a" cannot be remembered with the meeting: events of type organization.setting.changed have no meeting; remember it in a place with a key of its own, see memory:`,
		`"c" cannot be remembered with the meeting: events of type gavel.schedule.due have no meeting; remember it in a place with a key of its own, see memory:`,
		`no rule remembers "b"; did you mean "a"?`,
	}
	if diff := cmp.Diff(want, memoryFindings(t, source)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestMemoryIsReadOnlyWhenNeeded: matching asks for memory only if a condition
// that is not decided without it needs it, and once.
func TestMemoryIsReadOnlyWhenNeeded(t *testing.T) {
	t.Parallel()
	set, findings := rules.Load([]text.Source{{Name: "rules.yaml", Content: []byte(`
rules:
  - { name: keeps, event: scheduling.*, actions: [ { remember: { a: 1, when_: "${{ meeting.meetingStart }}" } } ] }
  - { name: first, event: scheduling.smartscheduler.canceled, when: "meeting.meetingInfo.meetingName != \"x\" and memory.a == 1", actions: [ { log: { message: x } } ] }
  - { name: second, event: scheduling.smartscheduler.canceled, when: "memory.a == 2 or memory.when_ == nil", actions: [ { log: { message: x } } ] }
`)}}, rules.Options{Kinds: actions.Kinds(actions.Deps{})})
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	match := func(kind, name string) (rulesMatched []string, asked int) {
		body, err := sample.Body(kind, "e-1", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if body, err = sample.Set(body, "meeting.meetingInfo.meetingName", name); err != nil {
			t.Fatal(err)
		}
		ev, err := decode.Event(body)
		if err != nil {
			t.Fatal(err)
		}
		ev.Arrive(time.Now())
		for _, v := range set.MatchWith(t.Context(), ev, func() (map[string]any, error) {
			asked++
			list := []event.Remembered{{Key: event.MeetingMemory(ev.MeetingKey()), Name: "a", Kind: "number", Value: []byte("1")}}
			return set.Memory.Values(rules.MemoryKeys{"": list[0].Key}, list, time.Now())
		}) {
			rulesMatched = append(rulesMatched, v.Rule.Name)
		}
		return rulesMatched, asked
	}
	if got, asked := match(event.TypeScheduled, "x"); asked != 0 || len(got) != 1 {
		t.Errorf("no condition needs it: matched %v, asked %d times", got, asked)
	}
	if got, asked := match(event.TypeCanceled, "y"); asked != 1 || len(got) != 3 {
		t.Errorf("two conditions need it: matched %v, asked %d times", got, asked)
	}
}
