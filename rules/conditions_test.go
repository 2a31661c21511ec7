package rules_test

import (
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/explain"
	"github.com/gavel-rules/gavel/rules/text"
)

const settingBody = `{"eventId":"e","eventType":"organization.setting.changed","eventTimestamp":"2026-03-01T10:00:00Z","data":{"setting":{"name":"n"}}}`

// shared is a file with conditions and one rule for every event.
func shared(conditions, when string) string {
	return "conditions:\n  " + strings.ReplaceAll(conditions, "\n", "\n  ") +
		"\nrules: [ { name: r, event: \"*\", when: '" + when + "', actions: [ { note: { text: x } } ] } ]\n"
}

// TestConditions: a condition with a name is what it would be if it were
// written out.
func TestConditions(t *testing.T) {
	t.Parallel()
	const conditions = "internal: all(invitees(), domain(#) == \"buyer.example\")\n" +
		"jane: let d = domain(meeting.meetingInfo.primaryInvitee); d == \"buyer.example\" and meeting.id == \"m-1\"\n" +
		"both: conditions.internal and conditions.jane\n" +
		"canceled: meeting.isCanceled\n" +
		"note: data.extra.vip"
	check := func(when, body string, want bool) {
		t.Helper()
		v := load(t, shared(conditions, when)).Match(decodeEvent(t, body))
		if len(v) > 0 && v[0].Err != nil {
			t.Errorf("%s: %v", when, v[0].Err)
		}
		if got := len(v) == 1; got != want {
			t.Errorf("%s = %t, want %t", when, got, want)
		}
	}
	check(`conditions.internal`, meetingBody, true)
	check(`not conditions.internal`, meetingBody, false)
	check(`conditions.both and not conditions.canceled`, meetingBody, true)
	check(`let d = 1; conditions.jane and d == 1`, meetingBody, true)
	check(`any(invitees(), conditions.jane and # startsWith "bob")`, meetingBody, true)
	check(`conditions["internal"] ? conditions.note : false`, meetingBody, true)
	// An event without a meeting matches neither it nor its opposite.
	check(`conditions.canceled`, settingBody, false)
	check(`not conditions.canceled`, settingBody, false)
	check(`not conditions.canceled or event.eventId == "e"`, settingBody, true)
}

func TestConditionMistakes(t *testing.T) {
	t.Parallel()
	check := func(content string, want ...string) {
		t.Helper()
		found := findings(content)
		for i, f := range found {
			if i >= len(want) || !strings.Contains(f.String(), want[i]) {
				t.Errorf("%s\n%s", content, printed(found))
				return
			}
		}
		if len(found) != len(want) {
			t.Errorf("%s\n%s", content, printed(found))
		}
	}
	check(shared(`internal: meeting.idd == "x"`, `conditions.internal`),
		`rules.yaml:2:21: unknown field "idd"`, `rules.yaml:3:51: rule "r": condition "internal" has an error, at rules.yaml:2:13; correct it there`)
	check(shared(`internal: meeting.isCanceled`, `conditions.interal`), `rules.yaml:3:51: rule "r": no condition has the name "interal"; did you mean "internal"?`)
	check(shared(`internal: meeting.id`, `true`), `rules.yaml:2:13: expected true or false, but this is text; compare it`)
	check(shared("a: conditions.b\nb: conditions.c or true\nc: conditions.a", `true`), `rules.yaml:4:6: condition "a" uses itself: a → b → c → a; write one of them out`)
	check(shared("a: conditions.a", `conditions.a`), `rules.yaml:2:6: condition "a" uses itself: a → a`, `condition "a" has an error, at rules.yaml:2:6`)
	check(shared("a: true\na: false", `conditions.a`), `duplicate key "a"`)
	check(shared("a-b: true", `true`), `condition name "a-b" is not allowed; use letters, digits and _`)
	check(shared("a: [true]", `true`), "must be an expression, not a list")
	check(shared("a: true", `conditions == nil`), "conditions cannot be used as a whole; name the condition: conditions.NAME")
	check(shared("a: previous == nil", `true`), `"previous" cannot be used here`)
	check("conditions: 5\nrules: [ { name: r, event: \"*\", when: conditions.a, actions: [ { note: { text: x } } ] } ]",
		"conditions must be a mapping of names and expressions, not the number 5", `no condition has the name "a"; add it at the top level: conditions: { a: … }`)
	check("vars: { a: \"${{ conditions.b }}\" }\nrules: [ { name: r, event: \"*\", actions: [ { note: { text: x } } ] } ]", `"conditions" cannot be used here; only env can be used in vars`)
	check(shared("a: meeting.isCanceled", `true`)+"ignore: conditions.b\n", `rules.yaml:4:20: no condition has the name "b"; did you mean "a"?`)
	check(shared("a: meeting.isCanceled", `true`)+"ignore: meeting.id\n", `rules.yaml:4:9: expected true or false, but this is text`)
	check("conditions: { a: meeting.isCanceled }\nrules: [ { name: r, event: organization.profile.changed, when: conditions.a, actions: [ { note: { text: x } } ] } ]",
		`warning: rule "r": "meeting" is always absent here`)

	// Each one is twice the one before: what they come to is bounded.
	var chain []string
	chain = append(chain, "c00: meeting.isCanceled")
	for i := range 30 {
		n := itoa(i)
		chain = append(chain, "c"+itoa(i+1)+": conditions.c"+n+" and conditions.c"+n)
	}
	if found := findings(shared(strings.Join(chain, "\n"), "conditions.c30")); !strings.Contains(found.Error(), "the expression is too long with the conditions in it; use fewer of them") {
		t.Error(printed(found))
	}
	_, several := rules.Load([]text.Source{
		{Name: "a.yaml", Content: []byte("conditions: { internal: meeting.isCanceled }\nignore: conditions.internal\n")},
		{Name: "b.yaml", Content: []byte("conditions: { internal: meeting.isCanceled }\nignore: conditions.internal\nrules: [ { name: r, event: \"*\", when: conditions.internal, actions: [ { note: { text: x } } ] } ]\n")},
	}, rules.Options{Kinds: kinds()})
	for _, want := range []string{`b.yaml:1:15: condition "internal" is defined twice; the first is at a.yaml:1:15`, `b.yaml:2:1: ignore is given twice; the first is at a.yaml:2:1; join them with or`} {
		if !strings.Contains(several.Error(), want) {
			t.Error(printed(several))
		}
	}
}

func itoa(n int) string { return string(rune('0'+n/10)) + string(rune('0'+n%10)) }

// TestIgnore: an event that the rules ignore starts nothing, whatever they say.
func TestIgnore(t *testing.T) {
	t.Parallel()
	match := func(ignore, body string) (matched, failed int, verdicts []*explain.RuleExplanation) {
		t.Helper()
		set := load(t, "conditions: { internal: 'all(invitees(), domain(#) == \"buyer.example\")' }\nignore: "+ignore+`
rules:
  - { name: all, event: "*", actions: [ { note: { text: x } } ] }
  - { name: some, event: "*", when: meeting.id == "m-1" or event.eventId == "e", actions: [ { note: { text: x } } ] }
  - { name: error, event: "*", when: data.nope > 1, actions: [ { note: { text: x } } ] }
`)
		ev := decodeEvent(t, body)
		for _, v := range set.Match(ev) {
			if v.Matched {
				matched++
			}
			if v.Err != nil {
				failed++
			}
		}
		return matched, failed, explain.New(set).Explain(ev, explain.ExplainOptions{}).Rules
	}
	check := func(ignore, body string, matched, failed int, reason string) {
		t.Helper()
		gotMatched, gotFailed, rules := match(ignore, body)
		if gotMatched != matched || gotFailed != failed {
			t.Errorf("%s: %d matched, %d failed", ignore, gotMatched, gotFailed)
		}
		if rules[0].Reason != reason {
			t.Errorf("%s: %s, want %s", ignore, rules[0].Reason, reason)
		}
		asExplained := 0
		for _, r := range rules {
			if r.Verdict == explain.VerdictMatched {
				asExplained++
			}
		}
		if asExplained != matched {
			t.Errorf("%s: %d match as explained, and %d do", ignore, asExplained, matched)
		}
	}
	check("conditions.internal", meetingBody, 0, 0, "the event is ignored for all rules (rules.yaml:2:9): conditions.internal")
	check(`meeting.id == "m-1"`, meetingBody, 0, 0, `the event is ignored for all rules (rules.yaml:2:9): meeting.id == "m-1"`)
	check(`data.extra.vip`, meetingBody, 0, 0, `the event is ignored for all rules (rules.yaml:2:9): data.extra.vip`)
	check("not conditions.internal", meetingBody, 2, 1, "it has no condition")
	check("false", meetingBody, 2, 1, "it has no condition")
	// An event without a meeting is not ignored by what a meeting is asked.
	check("conditions.internal", settingBody, 2, 1, "it has no condition")
	check("not conditions.internal", settingBody, 2, 1, "it has no condition")
	check("data.extra.nope > 1", meetingBody, 0, 3, "ignore could not be evaluated: this event has no data.extra.nope; check it with has(data.extra.nope) first, or give another value with default(data.extra.nope, …)")
}

// TestConditionIsExplained: its parts are shown below its name.
func TestConditionIsExplained(t *testing.T) {
	t.Parallel()
	set := load(t, shared("internal: all(invitees(), domain(#) == \"acme.example\") or meeting.id == \"m-2\"", `conditions.internal and event.eventId == "ev-1"`))
	r := explain.New(set).Explain(sampleEvent(t), explain.ExplainOptions{}).Rules[0]
	if r.Reason != "its condition is false: conditions.internal" {
		t.Error(r.Reason)
	}
	var lines []string
	var walk func(x *explain.Reading, depth int)
	walk = func(x *explain.Reading, depth int) {
		mark := ""
		if x.Decided {
			mark = "*"
		}
		lines = append(lines, strings.Repeat(" ", depth)+mark+x.Source+" "+string(x.State)+" "+string(x.Value))
		for _, p := range x.Parts {
			walk(p, depth+1)
		}
	}
	walk(r.When, 0)
	want := `conditions.internal and event.eventId == "ev-1" value false
 *conditions.internal value false
  all(invitees(), domain(#) == "acme.example") or meeting.id == "m-2" value false
   *all(invitees(), domain(#) == "acme.example") value false
    invitees() value ["jane@buyer.example","bob@buyer.example"]
   *meeting.id == "m-2" value false
    meeting.id value "m-1"
 event.eventId == "ev-1" not_evaluated `
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
