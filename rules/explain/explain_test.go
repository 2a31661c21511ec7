package explain_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/actions"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/explain"
	"github.com/gavel-rules/gavel/rules/text"
)

var clock = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const booked = `{"eventId":"ev-1","eventType":"scheduling.smartscheduler.scheduled","eventTimestamp":"2026-03-01T10:00:00Z",
	"data":{"id":"m-1","meetingStart":"2026-03-10T15:00:00Z","meetingEnd":"2026-03-10T15:30:00Z",
	"meetingOwner":{"userId":"u-1","username":"olga@acme.example"},
	"extra":{"score":7,"tags":["a","b"],"empty":"","none":[]}}}`

const settingChanged = `{"eventId":"ev-2","eventType":"organization.setting.changed","eventTimestamp":"2026-03-01T10:00:00Z",
	"data":{"previous":{"value":1},"current":{"value":2},"setting":{"name":"Buffer"}}}`

func eventOf(t *testing.T, body string) *event.Event {
	t.Helper()
	ev, err := decode.Event([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	ev.Received = clock
	return ev
}

func load(t *testing.T, content string) *rules.Set {
	t.Helper()
	set, f := rules.Load([]text.Source{{Name: "r.yaml", Content: []byte(content)}},
		rules.Options{Kinds: actions.Kinds(actions.Deps{}), Env: map[string]string{"KEY": "s3cret-value-of-the-key"}})
	if f.HasErrors() {
		t.Fatalf("findings:\n%s", f.Error())
	}
	return set
}

// condition is a rule with this condition and one action.
func condition(when string) string {
	return "rules:\n  - name: r\n    event: \"*\"\n    when: |-\n      " + strings.ReplaceAll(when, "\n", "\n      ") + "\n    actions: [ { log: { message: hi } } ]\n"
}

// told writes down what an explanation says of each rule and its actions.
func told(x *explain.Explanation) string {
	var b strings.Builder
	for _, r := range x.Rules {
		fmt.Fprintf(&b, "%s %s: %s\n", r.Rule, r.Verdict, r.Reason)
		for _, w := range r.Windows {
			fmt.Fprintf(&b, "  %s %s %s %s: %s\n", w.Kind, w.Basis, w.Outcome, w.Length, w.Reason)
		}
		if r.Assumed != "" {
			fmt.Fprintf(&b, "  assumed: %s\n", r.Assumed)
		}
		if r.Held != "" {
			fmt.Fprintf(&b, "  held: %s\n", r.Held)
		}
		for _, a := range r.Actions {
			fmt.Fprintf(&b, "  - %s %s", a.ID, a.Outlook)
			if a.Reason != "" {
				fmt.Fprintf(&b, ": %s", a.Reason)
			}
			if !a.Until.IsZero() {
				fmt.Fprintf(&b, " until %s", a.Until.UTC().Format(time.RFC3339))
			}
			if a.Effect != nil {
				var effect struct{ Message, URL string }
				_ = json.Unmarshal(a.Effect, &effect)
				fmt.Fprintf(&b, " → %s%s", effect.Message, effect.URL)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func check(t *testing.T, name, want, got string) {
	t.Helper()
	if diff := cmp.Diff(strings.TrimLeft(want, "\n"), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// TestVerdicts: each rule has one, with its reason.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	set := load(t, `
rules:
  - { name: plain, event: scheduling.*, actions: [ { log: { message: hi } } ] }
  - { name: both, event: [organization.setting.changed, organization.new.changed], actions: [ { log: { message: hi } } ] }
  - { name: "yes", event: "*", when: meeting.id == "m-1", actions: [ { log: { message: hi } } ] }
  - { name: "no", event: "*", when: meeting.id == "m-1" and meeting.isCanceled, actions: [ { log: { message: hi } } ] }
  - { name: error, event: "*", when: data.extra.tags > 3, actions: [ { log: { message: hi } } ] }
  - { name: off, event: "*", enabled: false, actions: [ { log: { message: hi } } ] }
  - { name: off-false, event: "*", enabled: false, when: meeting.isCanceled, actions: [ { log: { message: hi } } ] }
  - { name: shadow, event: "*", mode: shadow, actions: [ { log: { message: hi } } ] }
`)
	x := explain.New(set)
	if x.Revision() != set.Revision {
		t.Errorf("revision %s", x.Revision())
	}
	got := x.Explain(eventOf(t, booked), explain.ExplainOptions{})
	check(t, "verdicts", `
plain matched: it has no condition
  - log#1 goes_out → hi
both other_type: it listens to organization.setting.changed, organization.new.changed, not to scheduling.smartscheduler.scheduled
yes matched: its condition is true
  - log#1 goes_out → hi
no not_matched: its condition is false: meeting.isCanceled
error error: its condition could not be evaluated: > does not work between data.extra.tags (a list) and the number 3; both must be numbers, text, times or durations
off disabled: it is turned off (enabled: false)
off-false disabled: it is turned off (enabled: false)
shadow matched: it has no condition
  - log#1 goes_out → hi
`, told(got))
	if !got.At.Equal(clock) || got.EventID != "ev-1" || got.EventType != event.TypeScheduled || got.Revision != set.Revision {
		t.Errorf("about %s %s %s %s", got.EventID, got.EventType, got.Revision, got.At)
	}
	for v, want := range map[explain.RuleVerdict]int{
		explain.VerdictMatched: 3, explain.VerdictOtherType: 1, explain.VerdictNoMatch: 1, explain.VerdictError: 1, explain.VerdictDisabled: 2,
	} {
		if n := got.Count(v); n != want {
			t.Errorf("%d rules are %s, want %d", n, v, want)
		}
	}
	if got.Rules[7].Shadow != true || got.Rules[0].Shadow || got.Rules[0].When != nil || got.Rules[2].When == nil || got.Rules[0].Pos.Line != 3 {
		t.Errorf("rules: %+v, %+v", got.Rules[0], got.Rules[7])
	}
	one := x.Explain(eventOf(t, booked), explain.ExplainOptions{Rule: "yes"})
	check(t, "one rule", "\nyes matched: its condition is true\n  - log#1 goes_out → hi\n", told(one))
	if none := x.Explain(eventOf(t, booked), explain.ExplainOptions{Rule: "nope"}); none.Rules == nil || len(none.Rules) != 0 {
		t.Errorf("a rule that is not there: %+v", none.Rules)
	}
}

// TestWhatAnEventLacks: the reason names it, unless something else has decided.
func TestWhatAnEventLacks(t *testing.T) {
	t.Parallel()
	for when, want := range map[string]string{
		`meeting.id == "m-1"`:                              `not_matched: this event has no meeting, which its condition needs: meeting.id == "m-1"`,
		`change.current.value == 3`:                        `not_matched: its condition is false: change.current.value == 3`,
		`change.current.value == 3 and meeting.id == "m"`:  `not_matched: this event has no meeting, which its condition needs: change.current.value == 3`,
		`not (meeting.isCanceled or meeting.id == "gone")`: `not_matched: this event has no meeting, which its condition needs: meeting.isCanceled`,
	} {
		r := explain.New(load(t, condition(when))).Explain(eventOf(t, settingChanged), explain.ExplainOptions{}).Rules[0]
		if got := string(r.Verdict) + ": " + r.Reason; got != want {
			t.Errorf("%s: %s, want %s", when, got, want)
		}
	}
}

// TestWhatActionsDo: one after the other, as a run would, until one ends it.
func TestWhatActionsDo(t *testing.T) {
	t.Parallel()
	const head = "rules:\n  - name: r\n    event: \"*\"\n    actions:\n"
	explained := func(o explain.ExplainOptions, actions string) string {
		t.Helper()
		got := told(explain.New(load(t, head+actions)).Explain(eventOf(t, booked), o))
		return strings.TrimPrefix(got, "r matched: it has no condition\n")
	}
	check(t, "a chain", `
  - find goes_out → https://crm.example/find
  - http#2 unknown: its condition needs the result of action find → https://crm.example/⟨actions.find.status⟩
  - log#3 skipped: its condition is false: meeting.isCanceled
  - log#4 goes_out → m-1
`, explained(explain.ExplainOptions{}, `
      - { id: find, http: { url: https://crm.example/find } }
      - { when: actions.find.status == 200, http: { url: "https://crm.example/${{ actions.find.status }}" } }
      - { when: meeting.isCanceled, log: { message: never } }
      - { log: { message: "${{ meeting.id }}" } }
`))
	check(t, "a result that is known to be none", `
  - find skipped: its condition is false: meeting.isCanceled
  - log#2 goes_out → status 0
`, explained(explain.ExplainOptions{}, `
      - { id: find, when: meeting.isCanceled, http: { url: https://crm.example/find } }
      - { log: { message: "status ${{ actions.find.status }}" } }
`))
	check(t, "a condition that fails", `
  - log#1 error: its condition could not be evaluated: > does not work between data.extra.tags (a list) and the number 3; both must be numbers, text, times or durations
  - log#2 not_reached: the action before it fails
  - log#3 not_reached: the action before it fails
`, explained(explain.ExplainOptions{}, `
      - { when: data.extra.tags > 3, log: { message: x } }
      - { log: { message: y } }
      - { log: { message: z } }
`))
	const failing = `r.yaml:5:34: "data.extra.tags + 1": + does not work between data.extra.tags (a list) and the number 1; both must be numbers, text, times or durations`
	check(t, "a text that fails", `
  - log#1 error: message: `+failing+`
  - log#2 not_reached: the action before it fails
`, explained(explain.ExplainOptions{}, `      - { log: { message: "x ${{ data.extra.tags + 1 }}" } }
      - { log: { message: y } }
`))
	check(t, "one that may fail", `
  - log#1 error: message: `+failing+`
  - log#2 goes_out → y
`, explained(explain.ExplainOptions{}, `      - { log: { message: "x ${{ data.extra.tags + 1 }}" }, on_error: continue }
      - { log: { message: y } }
`))
	check(t, "a condition that may fail", `
  - find error: its condition could not be evaluated: > does not work between data.extra.tags (a list) and the number 3; both must be numbers, text, times or durations
  - log#2 goes_out → status 0
`, explained(explain.ExplainOptions{}, `
      - { id: find, when: data.extra.tags > 3, http: { url: https://crm.example/find }, on_error: continue }
      - { log: { message: "status ${{ actions.find.status }}" } }
`))
	check(t, "waits", `
  - wait#1 waits: 2h0m0s after 2026-03-02 12:00:00 UTC is 2026-03-02 14:00:00 UTC until 2026-03-02T14:00:00Z
  - log#2 goes_out → 2026-03-02T14:00:00Z
  - wait#3 waits: meeting.meetingEnd is 2026-03-10 15:30:00 UTC until 2026-03-10T15:30:00Z
  - log#4 goes_out → 2026-03-10T15:30:00Z
  - wait#5 waits: meeting.meetingStart is 2026-03-10 15:00:00 UTC until 2026-03-10T15:00:00Z
  - log#6 goes_out → 2026-03-10T15:30:00Z
`, explained(explain.ExplainOptions{}, `
      - { wait: { for: 2h } }
      - { log: { message: "${{ now() }}" } }
      - { wait: { until: meeting.meetingEnd } }
      - { log: { message: "${{ now() }}" } }
      - { wait: { until: meeting.meetingStart } }
      - { log: { message: "${{ now() }}" } }
`))
	check(t, "another clock", `
  - log#1 goes_out → 2026-04-01T00:00:00Z
  - wait#2 skipped: skipped: meeting.meetingEnd is 2026-03-10 15:30:00 UTC, in the past (if_past: skip)
  - log#3 not_reached: the wait before it ends the run: its time has passed
`, explained(explain.ExplainOptions{Now: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)}, `
      - { log: { message: "${{ now() }}" } }
      - { wait: { until: meeting.meetingEnd, if_past: skip } }
      - { log: { message: x } }
`))
	check(t, "a wait for what is not known", `
  - find goes_out → https://crm.example/find
  - wait#2 unknown: needs the result of action "find", which has not run
  - wait#3 unknown: its condition needs the result of action find until 2026-03-02T13:00:00Z
  - log#4 goes_out → x
`, explained(explain.ExplainOptions{}, `
      - { id: find, http: { url: https://crm.example/find } }
      - { wait: { until: date(actions.find.body.at) } }
      - { when: actions.find.status == 200, wait: { for: 1h } }
      - { log: { message: x } }
`))
	check(t, "a wait for what the event lacks", `
  - wait#1 error: r.yaml:5:26: "data.extra.at": this event has no data.extra.at; check it with has(data.extra.at) first, or give another value with default(data.extra.at, …)
  - log#2 goes_out → x
`, explained(explain.ExplainOptions{}, `      - { wait: { until: data.extra.at }, on_error: continue }
      - { log: { message: x } }
`))
	previous := &event.Meeting{ID: "m-1", Start: clock}
	check(t, "what came before", `
  assumed: no database: earlier events of this meeting are unknown; assuming this is the first
  - log#1 goes_out → 2026-03-02T12:00:00Z 3
`, explained(explain.ExplainOptions{Previous: previous, Reschedules: 3}, `
      - { log: { message: "${{ previous.meetingStart }} ${{ meeting.reschedules }}" } }
`))
}

// TestActionsThatLackSomething: as for rules, the reason names it.
func TestActionsThatLackSomething(t *testing.T) {
	t.Parallel()
	set := load(t, `
rules:
  - name: r
    event: "*"
    actions:
      - { when: meeting.id == "m-1", log: { message: x } }
      - { when: previous.id == "m-1", log: { message: x } }
      - { log: { message: y } }
`)
	got := told(explain.New(set).Explain(eventOf(t, settingChanged), explain.ExplainOptions{}))
	check(t, "lacking", `
r matched: it has no condition
  - log#1 skipped: this event has no meeting, which its condition needs: meeting.id == "m-1"
  - log#2 skipped: the meeting's previous state is not known, which its condition needs: previous.id == "m-1"
  - log#3 goes_out → y
`, got)
}

// TestWindowsWithoutADatabase: what cannot be known is assumed, and that is
// said.
func TestWindowsWithoutADatabase(t *testing.T) {
	t.Parallel()
	set := load(t, `
rules:
  - name: many
    event: "*"
    threshold: { count: 5, within: 1h, per: meeting.meetingOwner.userId }
    actions: [ { log: { message: "${{ len(window.events) }}" } } ]
  - name: once
    event: "*"
    throttle: { once: 1d }
    actions: [ { log: { message: "${{ throttle.suppressed }}" } } ]
  - name: all
    event: "*"
    digest: { every: 2h, per: meeting.id }
    actions: [ { log: { message: "${{ now() }}" } }, { wait: { for: 1h } } ]
  - name: wrong
    event: "*"
    throttle: { once: 1h, per: data.extra.tags + 1 }
    actions: [ { log: { message: x } } ]
`)
	got := told(explain.New(set).Explain(eventOf(t, booked), explain.ExplainOptions{}))
	check(t, "windows", `
many matched: it has no condition
  threshold assumed opens 1h: no database: the count so far for "u-1" is unknown; assuming this is event 5 within 1h
  - log#1 goes_out → ⟨len(window.events)⟩
once matched: it has no condition
  throttle assumed opens 1d: no database: the last run is unknown; assuming it was more than 1d ago
  - log#1 goes_out → ⟨throttle.suppressed⟩
all matched: it has no condition
  digest assumed opens 2h: no database: the events collected for "m-1" are unknown; assuming this is the first, with the actions 2h later
  - log#1 goes_out → 2026-03-02T14:00:00Z
  - wait#2 waits: 1h0m0s after 2026-03-02 14:00:00 UTC is 2026-03-02 15:00:00 UTC until 2026-03-02T15:00:00Z
wrong error: the window cannot be evaluated: per of the throttle: r.yaml:17:32: "data.extra.tags + 1": + does not work between data.extra.tags (a list) and the number 1; both must be numbers, text, times or durations
`, got)
}

// TestWindowsOfADatabase: its answer is taken, and a rule that is held sends
// nothing for this event.
func TestWindowsOfADatabase(t *testing.T) {
	t.Parallel()
	set := load(t, `
rules:
  - name: r
    event: "*"
    throttle: { once: 1h, per: env.KEY }
    actions: [ { log: { message: "${{ throttle.suppressed }}" } }, { when: meeting.isCanceled, log: { message: x } }, { wait: { for: 1h } } ]
`)
	var asked []event.Window
	answer := &explain.Forecast{Suppressed: 4, Start: clock.Add(time.Minute)}
	ask := func(_ *rules.Rule, w []event.Window) *explain.Forecast {
		asked = w
		return answer
	}
	const actions = `
  - log#1 goes_out → 4
  - log#2 skipped: its condition is false: meeting.isCanceled
  - wait#3 waits: 1h0m0s after 2026-03-02 12:01:00 UTC is 2026-03-02 13:01:00 UTC until 2026-03-02T13:01:00Z
`
	x := explain.New(set)
	check(t, "open", "r matched: it has no condition"+actions, told(x.Explain(eventOf(t, booked), explain.ExplainOptions{Windows: ask})))
	if len(asked) != 1 || asked[0].Kind != event.WindowThrottle || asked[0].Length != time.Hour || strings.Contains(asked[0].Label, "s3cret") {
		t.Errorf("asked for %+v", asked)
	}
	answer.Held = "a run is not due yet"
	check(t, "held", "r matched: it has no condition\n  held: a run is not due yet"+strings.Replace(actions, "goes_out", "held", 1),
		told(x.Explain(eventOf(t, booked), explain.ExplainOptions{Windows: ask})))
	answer = nil // a database that does not know
	if got := told(x.Explain(eventOf(t, booked), explain.ExplainOptions{Windows: ask})); !strings.Contains(got, "no database: the last run") {
		t.Errorf("without an answer: %s", got)
	}
}

// TestLateEvents: a rule does not start for one unless it says so.
func TestLateEvents(t *testing.T) {
	t.Parallel()
	set := load(t, `
rules:
  - { name: skips, event: "*", actions: [ { log: { message: x } } ] }
  - { name: runs, event: "*", late: run, actions: [ { log: { message: x } } ] }
`)
	check(t, "late", `
skips matched: it has no condition
  held: late: a newer event of its meeting came first, and the rule does not set late: run
runs matched: it has no condition
  - log#1 goes_out → x
`, told(explain.New(set).Explain(eventOf(t, booked), explain.ExplainOptions{Late: true})))
}
