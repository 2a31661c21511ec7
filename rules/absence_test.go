package rules_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/actions"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/text"
)

const absences = `
vars: { owners: [olga, otto] }
ignore: meeting.meetingInfo.meetingName == "Internal"
rules:
  - name: quiet
    absence:
      of: { event: [x.booked, y.booked], when: data.size > 1 }
      for: 1d
      per: data.owner
      keys: vars.owners
      unless: { event: "x.*", when: data.left }
    actions: [ { log: { message: hi } } ]
  - name: off
    enabled: false
    absence: { of: { event: x.booked }, for: 1d, keys: vars.owners, per: data.owner }
    actions: [ { log: { message: hi } } ]
  - name: shadow
    mode: shadow
    event: x.canceled
    absence: { of: { event: x.booked, when: memory.seen != "yes" }, for: 1h }
    actions: [ { log: { message: hi } }, { remember: { seen: "yes" } } ]
`

// loadReal loads rules with the real kinds of actions.
func loadReal(t *testing.T, source string) *rules.Set {
	t.Helper()
	set, findings := rules.Load([]text.Source{{Name: "rules.yaml", Content: []byte(source)}}, rules.Options{Kinds: actions.Kinds(actions.Deps{})})
	if set == nil {
		t.Fatal(findings)
	}
	return set
}

// TestEnds: an event ends what awaits it, what has an exception, and, as long as
// that is not certain, what may await it.
func TestEnds(t *testing.T) {
	t.Parallel()
	set := loadReal(t, absences)
	check := func(eventType, data string, memory map[string]any, want ...string) {
		t.Helper()
		ev := decodeEvent(t, `{"eventId":"e","eventType":"`+eventType+`","eventTimestamp":"2026-03-02T09:00:00Z","data":`+data+`}`)
		ends, err := set.Ends(t.Context(), ev, func() (map[string]any, error) {
			if memory == nil {
				return set.Memory.None(), nil
			}
			return memory, nil
		})
		var got []string
		for _, e := range ends {
			if e.Window.Kind != event.WindowAbsence || e.Window.Shadow != (e.Window.Rule == "shadow") {
				t.Errorf("%s %s: window %+v", eventType, data, e.Window)
			}
			got = append(got, e.Window.Rule+" "+e.Window.Key+" "+e.Window.Length.String()+" "+e.Reason)
		}
		if err != nil {
			got = append(got, err.Error())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", eventType, data, diff)
		}
	}
	shadow, quiet := "shadow  1h0m0s absence: x.booked came: event e", `quiet olga 24h0m0s absence: x.booked came for "olga": event e`
	check("x.booked", `{"owner":"olga","size":2}`, nil, quiet, shadow)
	check("x.booked", `{"owner":"olga","size":1}`, nil, shadow)
	check("x.booked", `{"owner":"olga","size":1,"left":true}`, nil, quiet, shadow)
	check("x.booked", `{"owner":"olga","size":2}`, map[string]any{"seen": "yes"}, quiet)
	check("x.booked", `{"size":2}`, nil, shadow)
	check("x.booked", `{"owner":"olga","size":"many"}`, nil, quiet+", of which the condition could not be evaluated", shadow)
	check("x.booked", `{"owner":{},"size":2}`, nil, shadow, `rule "quiet": per of the absence: rules.yaml:9:12: "data.owner": must be text, a number, or true or false, not an object`)
	check("x.booked", `{"owner":"olga","size":2,"id":"m","meetingInfo":{"meetingName":"Internal"}}`, nil)
	check("y.booked", `{"owner":"olga","size":2}`, nil, `quiet olga 24h0m0s absence: y.booked came for "olga": event e`)
	check("z.booked", `{"owner":"olga","size":2}`, nil)
	if set := loadReal(t, "rules: [ { name: r, event: a.b, actions: [ { log: { message: hi } } ] } ]"); set.Awaits() {
		t.Error("a set without absences looks for them")
	}
}

// TestListedKeys have one own event each, of which the id never changes.
func TestListedKeys(t *testing.T) {
	t.Parallel()
	set := loadReal(t, absences)
	listing := set.Listing()
	if len(listing) != 1 || listing[0].Name != "quiet" {
		t.Fatalf("rules with keys: %v", listing)
	}
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	told, later := listing[0].Keys(at), listing[0].Keys(at.Add(time.Hour))
	if len(told) != 2 || told[0].ID != later[0].ID || told[0].ID == told[1].ID || told[1].Facts.Key != "otto" || !told[0].At.Equal(at) {
		t.Fatalf("told: %+v, later %+v", told, later)
	}
	body, err := told[0].Body()
	if err != nil {
		t.Fatal(err)
	}
	ev := decodeEvent(t, string(body))
	ev.Arrive(at)
	verdicts := set.Match(ev)
	if len(verdicts) != 1 || verdicts[0].Rule.Name != "quiet" || !verdicts[0].Matched {
		t.Fatalf("verdicts: %+v", verdicts)
	}
	if ends, err := set.Ends(t.Context(), ev, nil); len(ends) > 0 || err != nil {
		t.Errorf("a listed key ends %v, %v", ends, err)
	}
	for _, kind := range []string{"gavel.absence", "x.booked", "y.booked", "x.left"} {
		if !set.Wants(kind) {
			t.Errorf("%s is not looked for", kind)
		}
	}
	for list, want := range map[string]string{"[]": "", `["a", "a", ""]`: "a", "nil": "", `["b", "a"]`: "b a"} {
		set := loadReal(t, strings.Replace(absences, "keys: vars.owners\n      unless", "keys: '"+list+"'\n      unless", 1))
		if got := strings.Join(set.Rule("quiet").Absence.Keys, " "); got != want {
			t.Errorf("%s: keys %q, want %q", list, got, want)
		}
	}
}
