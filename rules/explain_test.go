package rules_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/explain"
	"github.com/gavel-rules/gavel/rules/text"
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
			value = "NEEDS " + r.Needs
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

func TestExplainShowsEveryPart(t *testing.T) {
	t.Parallel()
	check := func(when, want string) {
		t.Helper()
		set := load(t, "vars: { home: acme.example }\nrules:\n  - name: r\n    event: \"*\"\n    when: "+fmt.Sprintf("%q", when)+"\n    actions: [ note: { text: hi } ]\n")
		got := outline(explain.New(set).Explain(sampleEvent(t), explain.ExplainOptions{}).Rules[0].When)
		if diff := cmp.Diff(strings.TrimLeft(want, "\n"), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	check(`meeting.meetingOwner.username endsWith "@" + vars.home`, `
*meeting.meetingOwner.username endsWith "@" + vars.home → true
   meeting.meetingOwner.username → "olga@acme.example"
   "@" + vars.home → "@acme.example"
     vars.home → "acme.example"
`)
	check(`meeting.isCanceled and meeting.id == "m-1" and len(invitees()) > 5`, `
 meeting.isCanceled and meeting.id == "m-1" and len(invitees()) > 5 → false
  *meeting.isCanceled → false
   meeting.id == "m-1" → -
   len(invitees()) > 5 → -
`)
	check(`(meeting.id == "m-1" or meeting.isCanceled) and not (len(invitees()) > 1)`, `
 (meeting.id == "m-1" or meeting.isCanceled) and not (len(invitees()) > 1) → false
   meeting.id == "m-1" or meeting.isCanceled → true
     meeting.id == "m-1" → true
       meeting.id → "m-1"
     meeting.isCanceled → -
   not (len(invitees()) > 1) → false
    *len(invitees()) > 1 → true
       len(invitees()) → 2
         invitees() → ["jane@buyer.example","bob@buyer.example"]
`)
	check(`meeting.id not in ["m-2"] || meeting.isCanceled`, `
 meeting.id not in ["m-2"] || meeting.isCanceled → true
  *meeting.id not in ["m-2"] → true
     meeting.id → "m-1"
   meeting.isCanceled → -
`)
	check(`let n = len(meeting.id); n > 7`, `
*let n = len(meeting.id); n > 7 → false
   len(meeting.id) → 3
     meeting.id → "m-1"
   n > 7 → false
     n → 3
`)
	check(`any(invitees(), # endsWith "@x.example")`, `
*any(invitees(), # endsWith "@x.example") → false
   invitees() → ["jane@buyer.example","bob@buyer.example"]
`)
	check(`data.missing.deep == nil ? meeting.isCanceled : data.extra.score > 3`, `
*data.missing.deep == nil ? meeting.isCanceled : data.extra.score > 3 → false
   data.missing.deep == nil → true
     data.missing.deep → null
   meeting.isCanceled → false
   data.extra.score > 3 → -
`)
}

func TestExplainTellsErrorsFromFalse(t *testing.T) {
	t.Parallel()
	set := load(t, `
rules:
  - name: broken
    event: "*"
    when: meeting.id == "m-1" and data.extra.tags > 3
    actions: [ note: { text: hi } ]
  - { name: other, event: organization.*, when: meeting.isCanceled, actions: [ note: { text: hi } ] }
  - { name: off, event: "*", enabled: false, actions: [ note: { text: hi } ] }
  - { name: all, event: "*", actions: [ note: { text: hi } ] }
`)
	x := explain.New(set).Explain(sampleEvent(t), explain.ExplainOptions{})
	var got []string
	for _, r := range x.Rules {
		got = append(got, string(r.Verdict))
	}
	want := []string{"error", "other_type", "disabled", "matched"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	if b := x.Rules[0].When.Because(); b.State != explain.ReadingError || b.Source != "data.extra.tags > 3" {
		t.Errorf("the part to blame is %+v", b)
	}
}

func TestExplainShowsActionsInOrder(t *testing.T) {
	t.Parallel()
	set := load(t, chain+`
      - when: meeting.isCanceled
        note: { text: never }
      - note: { text: "last ${{ meeting.id }}" }
`)
	a := explain.New(set).Explain(sampleEvent(t), explain.ExplainOptions{}).Rules[0].Actions
	var got []string
	for _, x := range a {
		var effect struct{ Text string }
		if x.Effect != nil {
			if err := json.Unmarshal(x.Effect, &effect); err != nil {
				t.Fatal(err)
			}
		}
		got = append(got, string(x.Outlook)+": "+effect.Text)
	}
	want := []string{
		"goes_out: look", "unknown: id ⟨actions.find.id⟩ ⟨actions.find.body.items[0].name⟩", "skipped: ", "goes_out: last [m-1]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
	if needs := a[1].When.Needs; needs != "find" {
		t.Errorf("the condition needs %q", needs)
	}
}

func TestExplainHidesSecrets(t *testing.T) {
	t.Parallel()
	sources := []text.Source{{Name: "r.yaml", Content: []byte(`
rules:
  - name: r
    event: "*"
    when: env.KEY == meeting.id
    actions: [ note: { text: "key ${{ env.KEY }}" } ]
`)}}
	set, findings := rules.Load(sources, rules.Options{Kinds: kinds(), Env: map[string]string{"KEY": "s3cret-value-of-the-key"}})
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	out, err := json.Marshal(explain.New(set).Explain(sampleEvent(t), explain.ExplainOptions{}))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "s3cret") {
		t.Errorf("the explanation holds the secret: %s", out)
	}
}
