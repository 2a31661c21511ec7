package rehearse_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rehearse"
)

// history is a made-up past: events, and the rules that really ran for them.
type history struct {
	events []*event.Record
	ran    map[string][]string
	sent   map[string]string // what a rule sent for an event, by event/rule
}

// Each implements rehearse.Source.
func (h *history) Each(_ context.Context, since, _ time.Time, do func(*event.Record) error) error {
	for _, r := range h.events {
		if r.Event.Received.Before(since) {
			continue
		}
		if err := do(r); err != nil {
			return err
		}
	}
	return nil
}

// Runs implements rehearse.Source.
func (h *history) Runs(_ context.Context, f event.RunFilter) ([]*event.Run, error) {
	var out []*event.Run
	key, _ := event.ParseRef(f.EventID)
	_, id := event.SplitKey(key)
	for _, rule := range h.ran[id] {
		out = append(out, &event.Run{ID: id + "/" + rule, EventID: id, Rule: rule, Status: event.StatusSucceeded})
	}
	return out, nil
}

// Attempts implements rehearse.Source.
func (h *history) Attempts(_ context.Context, run string) ([]event.Attempt, error) {
	if h.sent[run] == "" {
		return nil, nil
	}
	return []event.Attempt{{RunID: run, ActionID: "say#1", Outcome: event.OutcomeSucceeded, Request: []byte(h.sent[run])}}, nil
}

func (h *history) add(ev *event.Event, ran ...string) {
	if h.ran == nil {
		h.ran = map[string][]string{}
	}
	h.ran[ev.ID] = ran
	h.events = append(h.events, &event.Record{Seq: int64(len(h.events) + 1), Event: ev, Runs: len(ran)})
}

var begun = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func at(hours int) time.Time { return begun.Add(time.Duration(hours) * time.Hour) }

const backtested = `
rules:
  - name: remind
    event: scheduling.smartscheduler.scheduled
    actions: [ wait: { until: meeting.meetingStart - duration("1h") }, { say: { text: remind } } ]
  - name: spike
    event: scheduling.smartscheduler.canceled
    threshold: { count: 2, within: 3h }
    actions: [ { id: find, say: { text: find } }, { when: actions.find.number > 1, say: { text: "${{ window.count }}" } } ]
  - { name: broken, event: scheduling.smartscheduler.canceled, when: data.id > 3, actions: [ say: { text: x } ] }
`

func TestBacktestCounts(t *testing.T) {
	t.Parallel()
	h := &history{}
	h.add(made(t, event.TypeScheduled, "s-1", at(0), about("m-1", at(0), 10*time.Hour)), "remind", "old")
	h.add(made(t, event.TypeScheduled, "s-2", at(1), about("m-2", at(1), 10*time.Hour)), "remind")
	h.add(made(t, event.TypeScheduled, "s-3", at(1), about("m-3", at(1), 100*time.Hour)))
	h.add(made(t, event.TypeRescheduled, "r-1", at(2), about("m-1", at(2), 20*time.Hour)))
	h.add(made(t, event.TypeCanceled, "c-2", at(3), about("m-2", at(3), 8*time.Hour)), "spike")
	h.add(made(t, event.TypeCanceled, "c-4", at(4), about("m-4", at(4), 8*time.Hour)), "spike")
	h.add(made(t, event.TypeCanceled, "c-5", at(40), about("m-5", at(40), 8*time.Hour)))
	got, err := rehearse.RunBacktest(t.Context(), rehearse.BacktestOptions{Set: load(t, backtested), Source: h, Samples: 1})
	if err != nil {
		t.Fatal(err)
	}
	none := map[string]int{}
	want := []*rehearse.RuleTally{
		{
			Rule: "remind", Known: true, Matched: 3, Then: 2, New: 1, Sends: map[string]int{"say": 1}, MaySend: none,
			Waits: 3, Moved: 1, Dropped: 1, Asleep: 1, NewEvents: []string{"s-3"},
		},
		{
			Rule: "spike", Known: true, Matched: 3, Then: 2, New: 1, Sends: map[string]int{"say": 1}, MaySend: map[string]int{"say": 1},
			Skipped: 2, NewEvents: []string{"c-5"},
		},
		{Rule: "broken", Known: true, Sends: none, MaySend: none, Errors: 3},
		{Rule: "old", Then: 1, Gone: 1, Sends: none, MaySend: none, GoneEvents: []string{"s-1"}},
	}
	if diff := cmp.Diff(want, got.Rules, cmpopts.IgnoreFields(rehearse.RuleTally{}, "Samples", "Error")); diff != "" {
		t.Errorf("tallies (-want +got):\n%s", diff)
	}
	if s := got.Rules[0].Samples[0]; s.EventID != "s-1" || !s.At.Equal(at(21)) || string(s.Request) != `{"text":"remind"}` {
		t.Errorf("sample %+v %s", s, s.Request)
	}
	if got.Events != 7 || got.Against != rehearse.ReallyRan || got.Rules[2].Error == "" {
		t.Errorf("report %+v", got)
	}
}

// TestBacktestEndsAtItsBounds and says why, with what it has counted so far.
func TestBacktestEndsAtItsBounds(t *testing.T) {
	t.Parallel()
	h := &history{}
	for i := range 6 {
		h.add(made(t, event.TypeScheduled, fmt.Sprint("s-", i), at(i), about(fmt.Sprint("m-", i), at(i), 1000*time.Hour)))
	}
	check := func(bounds rehearse.Bounds, events int, cut string, samples int) {
		t.Helper()
		got, err := rehearse.RunBacktest(t.Context(), rehearse.BacktestOptions{
			Set: load(t, backtested+"  - { name: now, event: \"*\", actions: [ say: { text: now } ] }\n"), Source: h, Samples: 3, Bounds: bounds,
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(got.Rules[3].Samples); got.Events != events || !strings.Contains(got.Cut, cut) || (cut == "") != (got.Cut == "") || n != samples {
			t.Errorf("%+v: %d events, %q, %d samples", bounds, got.Events, got.Cut, n)
		}
	}
	check(rehearse.Bounds{}, 6, "", 3)
	check(rehearse.Bounds{Events: 6}, 6, "", 3)
	check(rehearse.Bounds{Events: 2}, 2, "after 2 events", 2)
	check(rehearse.Bounds{Open: 8}, 4, "8 runs waited", 3)
	check(rehearse.Bounds{Time: 1}, 0, "it ended after 1ns", 0)
	check(rehearse.Bounds{ExampleBytes: 40}, 6, "", 2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := rehearse.RunBacktest(ctx, rehearse.BacktestOptions{Set: load(t, backtested), Source: h}); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits for it any more: %v", err)
	}
}

func TestBacktestAgainstOtherRules(t *testing.T) {
	t.Parallel()
	h := &history{}
	for i := range 4 {
		h.add(made(t, event.TypeCanceled, fmt.Sprint("c-", i), at(i), about("m", at(i), 10*time.Hour)))
	}
	now := load(t, `rules: [ { name: r, event: "*", when: event.eventId != "c-1", actions: [ say: { text: x } ] } ]`)
	then := load(t, `rules: [ { name: r, event: "*", when: event.eventId < "c-2", actions: [ say: { text: x } ] } ]`)
	got, err := rehearse.RunBacktest(t.Context(), rehearse.BacktestOptions{
		Set: now, Against: then, Source: h, Samples: 5, Since: at(0),
	})
	if err != nil {
		t.Fatal(err)
	}
	r := got.Rules[0]
	if diff := cmp.Diff([]string{"c-2", "c-3"}, r.NewEvents); diff != "" || r.New != 2 {
		t.Errorf("new (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"c-1"}, r.GoneEvents); diff != "" || r.Gone != 1 || r.Then != 2 || r.Matched != 3 {
		t.Errorf("gone (-want +got):\n%s\n%+v", diff, r)
	}
}

func BenchmarkBacktest(b *testing.B) {
	set := load(b, everything)
	h := &history{}
	for i := range 2000 {
		kind := []string{event.TypeScheduled, event.TypeRescheduled, event.TypeCanceled, event.TypeProfileChanged}[i%4]
		now := begun.Add(time.Duration(i) * time.Minute)
		change := about(fmt.Sprint("m-", i/4), now, 10*time.Hour)
		if kind == event.TypeProfileChanged {
			change = nil
		}
		h.add(made(b, kind, fmt.Sprint("e-", i), now, change))
	}
	b.ResetTimer()
	for b.Loop() {
		if _, err := rehearse.RunBacktest(b.Context(), rehearse.BacktestOptions{Set: set, Source: h}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(h.events))/b.Elapsed().Seconds(), "events/s")
}

const texted = `
rules:
  - { name: hello, event: scheduling.smartscheduler.scheduled, actions: [ say: { text: "%s ${{ meeting.id }}" } ] }
  - name: remind
    event: scheduling.smartscheduler.scheduled
    actions: [ wait: { until: meeting.meetingStart - duration("1h") }, { say: { text: "%s" } } ]
`

// Both sides match the same events, and send something else.
func TestBacktestSeesOtherMessages(t *testing.T) {
	t.Parallel()
	h := &history{sent: map[string]string{"s-1/hello": `{"text":"Hi m-1"}`, "s-2/hello": `{"text":"Hello m-2"}`}}
	h.add(made(t, event.TypeScheduled, "s-1", at(0), about("m-1", at(0), 10*time.Hour)), "hello")
	h.add(made(t, event.TypeScheduled, "s-2", at(1), about("m-2", at(1), 10*time.Hour)), "hello")
	h.add(made(t, event.TypeScheduled, "s-3", at(30), about("m-3", at(30), 10*time.Hour)), "hello", "remind")
	check := func(against string, want map[string]int, diff string) {
		t.Helper()
		o := rehearse.BacktestOptions{Set: load(t, fmt.Sprintf(texted, "Hello", "Soon")), Source: h, Samples: 1}
		if against != "" {
			o.Against = load(t, against)
		}
		got, err := rehearse.RunBacktest(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		changed := map[string]int{}
		for _, r := range got.Rules {
			changed[r.Rule] = r.Changed
			if diff != "" && r.Rule == "hello" && (len(r.Changes) != 1 || r.Changes[0].Diff != diff) {
				t.Errorf("changes: %+v, want %s", r.Changes, diff)
			}
		}
		if d := cmp.Diff(want, changed); d != "" {
			t.Errorf("changed (-want +got):\n%s", d)
		}
	}
	const diff = "  say#1:\n  {\n-   \"text\": \"Hi m-1\"\n+   \"text\": \"Hello m-1\"\n  }\n"
	check("", map[string]int{"hello": 1, "remind": 0}, diff)
	check(fmt.Sprintf(texted, "Hello", "Soon"), map[string]int{"hello": 0, "remind": 0}, "")
	check(fmt.Sprintf(texted, "Hi", "Now"), map[string]int{"hello": 3, "remind": 2}, diff)
}

// TestBacktestRemembers: rules read in a back-test what they remembered in it,
// for the meeting and for the owner, and nothing that was not known.
func TestBacktestRemembers(t *testing.T) {
	t.Parallel()
	h := &history{}
	h.add(made(t, event.TypeRescheduled, "r-0", at(0), about("m-2", at(0), 10*time.Hour)))
	h.add(made(t, event.TypeScheduled, "s-1", at(1), about("m-1", at(1), 10*time.Hour)))
	h.add(made(t, event.TypeScheduled, "s-2", at(2), about("m-2", at(2), 10*time.Hour)))
	h.add(made(t, event.TypeRescheduled, "r-1", at(3), about("m-1", at(3), 20*time.Hour)))
	h.add(made(t, event.TypeRescheduled, "r-2", at(4), about("m-2", at(4), 20*time.Hour)))
	h.add(made(t, event.TypeRescheduled, "r-3", at(50), about("m-2", at(50), 20*time.Hour)))
	set := load(t, `
memory: { all: { key: event.organizationGuid, keep: 24h } }
rules:
  - { name: keep, event: scheduling.smartscheduler.scheduled, actions: [ remember: { id: "${{ meeting.id }}" }, increment: { all: { n: 1 } } ] }
  - { name: unknown, event: scheduling.smartscheduler.scheduled, actions: [ { id: ask, say: { text: x } }, remember: { reply: "${{ actions.ask.number }}" } ] }
  - { name: shadow, event: scheduling.smartscheduler.scheduled, mode: shadow, actions: [ remember: { shadow: x } ] }
  - { name: moved, event: scheduling.smartscheduler.rescheduled, when: memory.id != nil and memory.reply == nil and memory.shadow == nil, actions: [ say: { text: "${{ memory.id }} ${{ default(memory.all.n, 0) }}" } ] }
`)
	got, err := rehearse.RunBacktest(t.Context(), rehearse.BacktestOptions{Set: set, Source: h, Samples: 9})
	if err != nil {
		t.Fatal(err)
	}
	var sent []string
	for _, s := range got.Rules[3].Samples {
		sent = append(sent, string(s.Request))
	}
	if diff := cmp.Diff([]string{`{"text":"m-1 2"}`, `{"text":"m-2 2"}`, `{"text":"m-2 0"}`}, sent); diff != "" {
		t.Errorf("sent (-want +got):\n%s\n%+v", diff, got.Rules[3])
	}
	if got.Rules[1].MaySend["remember"] != 1 && got.Rules[1].MaySend["remember"] != 2 {
		t.Errorf("what depends on a reply: %+v", got.Rules[1])
	}
}
