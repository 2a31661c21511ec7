package explain_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/explain"
)

// outline writes a reading as indented lines: a mark for what decided, the
// source, and the value or why there is none.
func outline(r *explain.Reading) string {
	var b strings.Builder
	var write func(r *explain.Reading, depth int)
	write = func(r *explain.Reading, depth int) {
		mark := " "
		if r.Decided {
			mark = "*"
		}
		value := string(r.Value)
		switch r.State {
		case explain.ReadingError:
			value = "ERROR " + r.Error
		case explain.ReadingUnknown:
			value = "NEEDS " + r.Lacks()
		case explain.ReadingNotEvaluated:
			value = "-"
		}
		fmt.Fprintf(&b, "%s%s%s → %s\n", strings.Repeat("  ", depth), mark, r.Source, value)
		for _, p := range r.Parts {
			write(p, depth+1)
		}
	}
	write(r, 0)
	return b.String()
}

// TestReadings: each part of a condition is shown as it is written, with what
// it comes to, and marked if it decides.
func TestReadings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ when, want string }{
		{`(data.extra.nope ?? data.extra.score) == 7`, `
*(data.extra.nope ?? data.extra.score) == 7 → true
   data.extra.nope ?? data.extra.score → 7
     data.extra.nope → null
     data.extra.score → 7
`},
		{`(meeting.zoomMeetingId ?? meeting.id) == "m-1"`, `
*(meeting.zoomMeetingId ?? meeting.id) == "m-1" → true
   meeting.zoomMeetingId ?? meeting.id → "m-1"
     meeting.zoomMeetingId → ""
     meeting.id → "m-1"
`},
		{`(data.extra.empty ?? data.extra.score) == ""`, `
*(data.extra.empty ?? data.extra.score) == "" → true
   data.extra.empty ?? data.extra.score → ""
     data.extra.empty → ""
     data.extra.score → -
`},
		{`(upper(data.extra.tags) ?? meeting.id) == "x"`, `
*(upper(data.extra.tags) ?? meeting.id) == "x" → ERROR upper() needs text, but data.extra.tags is a list; convert it with string(…)
   upper(data.extra.tags) ?? meeting.id → ERROR upper() needs text, but data.extra.tags is a list; convert it with string(…)
     upper(data.extra.tags) → ERROR upper() needs text, but data.extra.tags is a list; convert it with string(…)
       data.extra.tags → ["a","b"]
     meeting.id → -
`},
		{`meeting.isCanceled ? data.extra.score > 1 : data.extra.score > 3`, `
*meeting.isCanceled ? data.extra.score > 1 : data.extra.score > 3 → true
   meeting.isCanceled → false
   data.extra.score > 1 → -
   data.extra.score > 3 → true
     data.extra.score → 7
`},
		{`data.extra.score > 3 ? meeting.isCanceled : true`, `
*data.extra.score > 3 ? meeting.isCanceled : true → false
   data.extra.score > 3 → true
     data.extra.score → 7
   meeting.isCanceled → false
   true → -
`},
		{`not (meeting.id == "m-1" and data.extra.score == 7)`, `
 not (meeting.id == "m-1" and data.extra.score == 7) → false
   meeting.id == "m-1" and data.extra.score == 7 → true
    *meeting.id == "m-1" → true
       meeting.id → "m-1"
    *data.extra.score == 7 → true
       data.extra.score → 7
`},
		{`not meeting.isCanceled and !(data.extra.score < 3)`, `
 not meeting.isCanceled and !(data.extra.score < 3) → true
   not meeting.isCanceled → true
    *meeting.isCanceled → false
   !(data.extra.score < 3) → true
    *data.extra.score < 3 → false
       data.extra.score → 7
`},
		{`meeting.id not in ["m-1"]`, `
*meeting.id not in ["m-1"] → false
   meeting.id → "m-1"
`},
		{`not (meeting.id in ["m-1"])`, `
 not (meeting.id in ["m-1"]) → false
  *meeting.id in ["m-1"] → true
     meeting.id → "m-1"
`},
		{`meeting.isCanceled or data.extra.tags > 3 or meeting.id == "m-1"`, `
 meeting.isCanceled or data.extra.tags > 3 or meeting.id == "m-1" → ERROR > does not work between data.extra.tags (a list) and the number 3; both must be numbers, text, times or durations
   meeting.isCanceled → false
  *data.extra.tags > 3 → ERROR > does not work between data.extra.tags (a list) and the number 3; both must be numbers, text, times or durations
     data.extra.tags → ["a","b"]
   meeting.id == "m-1" → -
`},
		{`meeting.isCanceled or meeting.id == "x"`, `
 meeting.isCanceled or meeting.id == "x" → false
  *meeting.isCanceled → false
  *meeting.id == "x" → false
     meeting.id → "m-1"
`},
		{`len(invitees()) == 0 and (1 + data.extra.score) * 2 == 16`, `
 len(invitees()) == 0 and (1 + data.extra.score) * 2 == 16 → true
  *len(invitees()) == 0 → true
     len(invitees()) → 0
       invitees() → []
  *(1 + data.extra.score) * 2 == 16 → true
     (1 + data.extra.score) * 2 → 16
       1 + data.extra.score → 8
         data.extra.score → 7
`},
		{`data.extra.tags[0] == "a" and data.extra.tags[0:1] == ["a"] and -data.extra.score < 0`, `
 data.extra.tags[0] == "a" and data.extra.tags[0:1] == ["a"] and -data.extra.score < 0 → true
  *data.extra.tags[0] == "a" → true
     data.extra.tags[0] → "a"
  *data.extra.tags[0:1] == ["a"] → true
     data.extra.tags[0:1] → ["a"]
       data.extra.tags → ["a","b"]
  *-data.extra.score < 0 → true
     -data.extra.score → -7
       data.extra.score → 7
`},
		{`{"a": data.extra.score}.a == 7 and meeting.meetingStart.Hour() == 15`, `
 {"a": data.extra.score}.a == 7 and meeting.meetingStart.Hour() == 15 → true
  *{"a": data.extra.score}.a == 7 → true
     {"a": data.extra.score}.a → 7
       {"a": data.extra.score} → {"a":7}
         data.extra.score → 7
  *meeting.meetingStart.Hour() == 15 → true
     meeting.meetingStart.Hour() → 15
       meeting.meetingStart → "2026-03-10T15:00:00Z"
`},
		{`meeting?.id == "m-1" and [meeting.id, "x"] == ["m-1", "x"]`, `
 meeting?.id == "m-1" and [meeting.id, "x"] == ["m-1", "x"] → true
  *meeting?.id == "m-1" → true
     meeting?.id → "m-1"
  *[meeting.id, "x"] == ["m-1", "x"] → true
     [meeting.id, "x"] → ["m-1","x"]
       meeting.id → "m-1"
`},
		{"meeting.id\n  ==\n  \"m-1\"", `
*meeting.id == "m-1" → true
   meeting.id → "m-1"
`},
		{`env.KEY == "x" or upper(env.KEY) + data.extra.score == ""`, `
 env.KEY == "x" or upper(env.KEY) + data.extra.score == "" → ERROR + does not work between the text "[redacted]" and data.extra.score (the number 7); write int(…) around the text, or string(…) around the number
   env.KEY == "x" → false
     env.KEY → "[redacted]"
  *upper(env.KEY) + data.extra.score == "" → ERROR + does not work between the text "[redacted]" and data.extra.score (the number 7); write int(…) around the text, or string(…) around the number
     upper(env.KEY) + data.extra.score → ERROR + does not work between the text "[redacted]" and data.extra.score (the number 7); write int(…) around the text, or string(…) around the number
       upper(env.KEY) → "[redacted]"
         env.KEY → "[redacted]"
       data.extra.score → 7
`},
	} {
		set := load(t, condition(c.when))
		got := outline(explain.New(set).Explain(eventOf(t, booked), explain.ExplainOptions{}).Rules[0].When)
		check(t, c.when, c.want, got)
	}
}

// TestLongValuesAreCut: nobody reads a page of JSON.
func TestLongValuesAreCut(t *testing.T) {
	t.Parallel()
	read := func(when string) *explain.Reading {
		t.Helper()
		set := load(t, condition(when))
		return explain.New(set).Condition(set.Rules[0], eventOf(t, booked), nil).Parts[0]
	}
	for _, c := range []struct {
		when, want string
		clipped    bool
	}{
		{`repeat(meeting.id[0:0] + "x", 2046) == meeting.id`, `"` + strings.Repeat("x", 2046) + `"`, false},
		{`repeat(meeting.id[0:0] + "x", 2047) == meeting.id`, `"\"` + strings.Repeat("x", 511) + `…"`, true},
		{`map(1..(len(meeting.id) * 683), 0) == [meeting.id]`, `"2049 values"`, true},
	} {
		r := read(c.when)
		if string(r.Value) != c.want || r.Clipped != c.clipped {
			t.Errorf("%s: %s, clipped %t", c.when, r.Value, r.Clipped)
		}
	}
	list := read(`map(1..(len(meeting.id) * 682 + 2), 0) == [meeting.id]`)
	if strings.Contains(string(list.Value), "values") {
		t.Errorf("2048 values: %s", list.Value)
	}
}

// TestBranches: the comparisons of a condition, for those that count which of
// them tests have seen true and false.
func TestBranches(t *testing.T) {
	t.Parallel()
	set := load(t, condition(`meeting.id == "m-1" and (meeting.isCanceled or not (data.extra.score > 9)) and (meeting.isCanceled ? true : data.extra.score > 1)`))
	x := explain.New(set)
	got := x.Branches(set.Rules[0], eventOf(t, booked), nil)
	want := []explain.Branch{
		{Source: `meeting.id == "m-1"`, True: true},
		{Source: `meeting.isCanceled`, False: true},
		{Source: `data.extra.score > 9`, False: true},
		{Source: `(meeting.isCanceled ? true : data.extra.score > 1)`, True: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("branches (-want +got):\n%s", diff)
	}
	for i := range want {
		want[i].True, want[i].False = false, false
	}
	if diff := cmp.Diff(want, explain.New(set).Branches(set.Rules[0], nil, nil)); diff != "" {
		t.Errorf("without an event (-want +got):\n%s", diff)
	}
	// Behind what decides, nothing is evaluated.
	ev := eventOf(t, booked)
	ev.Meeting.ID = "other"
	got = x.Branches(set.Rules[0], ev, nil)
	want[0].False = true
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("another meeting (-want +got):\n%s", diff)
	}
	plain := load(t, "rules: [ { name: r, event: \"*\", actions: [ { log: { message: x } } ] } ]")
	if b := explain.New(plain).Branches(plain.Rules[0], ev, nil); b != nil {
		t.Errorf("a rule without a condition: %v", b)
	}
	if r := explain.New(plain).Condition(plain.Rules[0], ev, nil); r != nil {
		t.Errorf("a rule without a condition: %v", r)
	}
}

// TestConditionOfAnyEvent: it is read for events that the rule does not listen
// to, too.
func TestConditionOfAnyEvent(t *testing.T) {
	t.Parallel()
	set := load(t, "rules: [ { name: r, event: organization.new.changed, when: change.current.value == 2, actions: [ { log: { message: x } } ] } ]")
	r := explain.New(set).Condition(set.Rules[0], eventOf(t, settingChanged), nil)
	if r == nil || !r.True() || r.False() || r.Because() != r || r.Lacks() != "" {
		t.Errorf("%+v", r)
	}
}

// TestWhatAReadingNeeds: a preview says what it would have to know.
func TestWhatAReadingNeeds(t *testing.T) {
	t.Parallel()
	set := load(t, `
rules:
  - name: r
    event: "*"
    threshold: { count: 2, within: 1h }
    actions:
      - { id: find, http: { url: https://crm.example/find } }
      - { when: actions.find.status == 200 and meeting.isCanceled, log: { message: x } }
      - { when: len(window.events) > 1, log: { message: x } }
`)
	a := explain.New(set).Explain(eventOf(t, booked), explain.ExplainOptions{}).Rules[0].Actions
	check(t, "an action", `
 actions.find.status == 200 and meeting.isCanceled → NEEDS the result of action find
  *actions.find.status == 200 → NEEDS the result of action find
     actions.find.status → NEEDS the result of action find
   meeting.isCanceled → false
`, outline(a[1].When))
	check(t, "a window", `
*len(window.events) > 1 → NEEDS window, which needs a database
   len(window.events) → NEEDS window, which needs a database
     window.events → NEEDS window, which needs a database
`, outline(a[2].When))
	if a[1].Outlook != explain.OutlookUnknown || a[1].Reason != "its condition needs the result of action find" ||
		a[2].Reason != "its condition needs window, which needs a database" {
		t.Errorf("%+v, %+v", a[1], a[2])
	}
	if w := explain.NewWindowExplanation(event.Window{Kind: event.WindowDigest, Label: "x"}, explain.BasisStored); w.Basis != explain.BasisStored || w.Key != "x" || w.Kind != event.WindowDigest {
		t.Errorf("%+v", w)
	}
}
