package rehearse_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/actions/remember"
	"github.com/gavel-rules/gavel/actions/wait"
	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/rehearse"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/revisions"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/values"
	"github.com/gavel-rules/gavel/store/sqlite"
	"github.com/gavel-rules/gavel/store/sqlite/sqlitetest"
)

// say is a kind of action that only has a text.
type say struct {
	Text values.Text `yaml:"text" required:"true"`
}

type said struct {
	Number int `json:"number" expr:"number"`
}

func (p *say) Build(any) (params.Action, error) { return p, nil }

func (p *say) Prepare(s *language.Scope) (params.Effect, error) {
	text, err := p.Text.Render(s, nil)
	return &saying{text}, err
}

type saying struct {
	Text string `json:"text"`
}

// Do answers as the rehearsals of these tests do.
func (s *saying) Do(_ context.Context, d params.Delivery) (any, error) {
	result, f := reply(s.Text, d.Try)
	if f != nil {
		return nil, f
	}
	return result, nil
}

// reply is what both the real and the made-up destination answer.
func reply(action string, try int) (any, *event.Failure) {
	switch {
	case action == "refused":
		return nil, event.Failf(event.CauseClient, false, "no")
	case action == "busy" && try < 3:
		return nil, event.Failf(event.CauseServer, true, "busy")
	}
	return &said{Number: try}, nil
}

func load(t testing.TB, yaml string) *rules.Set {
	t.Helper()
	kinds := params.Kinds{Actions: []params.Kind{remember.Kind(), remember.Counter(), wait.Kind(), {
		Name: "say", New: func() params.Params { return &say{} }, NewResult: func() any { return &said{} }, Timeout: time.Minute,
	}}}
	set, findings := rules.Load([]text.Source{{Name: "rules.yaml", Content: []byte(yaml)}}, rules.Options{Kinds: kinds})
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	return set
}

func made(t testing.TB, eventType, id string, now time.Time, change map[string]string) *event.Event {
	t.Helper()
	body, err := sample.Body(eventType, id, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range slices.Sorted(maps.Keys(change)) {
		if body, err = sample.Set(body, path, change[path]); err != nil {
			t.Fatal(err)
		}
	}
	ev, err := decode.Event(body)
	if err != nil {
		t.Fatal(err)
	}
	ev.Received = now
	return ev
}

// world is what a scenario needs: the real engine and a Stage both have it.
type world interface {
	take(t *testing.T, ev *event.Event)
	pass(t *testing.T, d time.Duration)
	now() time.Time
	runs(t *testing.T) []*event.Run
}

// real is the engine on SQLite, in a synctest bubble.
type real struct {
	engine *engine.Engine
	store  *sqlite.Store
}

func (r *real) now() time.Time { return time.Now() }

func (r *real) take(t *testing.T, ev *event.Event) {
	t.Helper()
	if _, err := r.engine.Take(t.Context(), ev); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

func (r *real) pass(t *testing.T, d time.Duration) {
	t.Helper()
	time.Sleep(d) // the clock of the bubble
	synctest.Wait()
}

func (r *real) runs(t *testing.T) []*event.Run {
	t.Helper()
	runs, err := r.store.Runs(t.Context(), event.RunFilter{Limit: 1000, Results: true})
	if err != nil {
		t.Fatal(err)
	}
	return runs
}

func newReal(t *testing.T, set *rules.Set) *real {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlitetest.File(t), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.SaveRevision(t.Context(), set.Revision, text.EncodeSources(set.Sources), time.Now()); err != nil {
		t.Fatal(err)
	}
	current := func() *rules.Set { return set }
	e := engine.New(engine.Options{
		Store: store, Owner: "real", Poll: 12 * time.Hour, Lease: 24 * time.Hour, Current: current,
		Revisions: revisions.New(store, current, func([]byte) (*rules.Set, error) { return set, nil }),
	})
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return &real{e, store}
}

// staged is the same on a Stage.
type staged struct{ stage *rehearse.Stage }

func (s *staged) now() time.Time { return s.stage.Now() }

func (s *staged) take(t *testing.T, ev *event.Event) {
	t.Helper()
	if _, err := s.stage.Take(t.Context(), ev); err != nil {
		t.Fatal(err)
	}
}

func (s *staged) pass(t *testing.T, d time.Duration) {
	t.Helper()
	if err := s.stage.Advance(t.Context(), s.stage.Now().Add(d)); err != nil {
		t.Fatal(err)
	}
}

func (s *staged) runs(*testing.T) []*event.Run { return s.stage.Runs() }

func newStaged(set *rules.Set, now time.Time) *staged {
	return &staged{rehearse.NewStage(rehearse.StageOptions{Set: set, Now: now, Rehearsal: engine.Rehearsal{
		Send: func(_ *event.Run, s *rules.Step, try int) (any, *event.Failure) { return reply(s.ID, try) },
	}})}
}

const everything = `
rules:
  - name: chain
    event: scheduling.smartscheduler.scheduled
    actions:
      - { id: busy, say: { text: busy } }
      - { id: none, when: actions.busy.number < 3, say: { text: none } }
      - { id: after, when: actions.none.number == 0, say: { text: "after ${{ actions.busy.number }}" } }
  - { name: broken, event: scheduling.smartscheduler.scheduled, when: data.id > 3, actions: [ say: { text: x } ] }
  - { name: refused, event: scheduling.smartscheduler.scheduled, actions: [ { id: refused, say: { text: refused } } ] }
  - name: remind
    event: scheduling.smartscheduler.scheduled
    when: meeting.meetingInfo.location != "cellar"
    actions: [ wait: { until: meeting.meetingStart - duration("1h"), if_past: skip }, { say: { text: remind } } ]
  - name: thank
    event: [scheduling.smartscheduler.scheduled, scheduling.smartscheduler.rescheduled]
    actions: [ wait: { until: meeting.meetingEnd + duration("1h") }, { say: { text: "thanks, moved ${{ meeting.reschedules }} times" } } ]
  - name: spike
    event: scheduling.smartscheduler.canceled
    threshold: { count: 3, within: 1h }
    throttle: { once: 1d }
    actions: [ say: { text: "${{ window.count }} canceled" } ]
  - name: daily
    event: scheduling.*
    digest: { every: 1d }
    actions: [ say: { text: "${{ window.count }} events" } ]
  - { name: quiet, event: scheduling.*, mode: shadow, actions: [ say: { text: quiet } ] }
`

// about puts an event at a meeting that starts in a while.
func about(id string, now time.Time, in time.Duration, more ...string) map[string]string {
	start := now.Add(in).UTC().Truncate(time.Second)
	change := map[string]string{
		"meeting.id": id, "meeting.meetingStart": start.Format(time.RFC3339), "meeting.meetingEnd": start.Add(time.Hour).Format(time.RFC3339),
	}
	for i := 0; i < len(more); i += 2 {
		change[more[i]] = more[i+1]
	}
	return change
}

// scenario is a bit of everything: retries, moves, drops, conditions that no
// longer hold, late events, repeats, thresholds and digests.
func scenario(t *testing.T, w world) {
	t.Helper()
	at := func(kind, id, meeting string, in time.Duration, more ...string) {
		t.Helper()
		w.take(t, made(t, kind, id, w.now(), about(meeting, w.now(), in, more...)))
		w.pass(t, time.Minute)
	}
	begun := w.now().UTC().Format(time.RFC3339)
	for _, m := range []string{"m-1", "m-2", "m-3", "m-4"} {
		at(event.TypeScheduled, "s-"+m, m, 10*time.Hour)
	}
	at(event.TypeScheduled, "s-m-1", "m-1", 10*time.Hour) // a repeat
	at(event.TypeScheduled, "s-near", "m-5", 30*time.Minute)
	w.pass(t, time.Hour)
	at(event.TypeRescheduled, "r-1", "m-1", 30*time.Hour)
	at(event.TypeRescheduled, "r-2", "m-2", 5*time.Hour, "meeting.meetingInfo.location", "cellar")
	at(event.TypeRescheduled, "late", "m-2", 50*time.Hour, "eventTimestamp", begun)
	for _, m := range []string{"m-3", "m-4", "m-5", "m-6", "m-7", "m-8"} {
		at(event.TypeCanceled, "c-"+m, m, 10*time.Hour)
	}
	w.pass(t, 72*time.Hour)
}

func TestStageDoesWhatTheEngineDoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		set := load(t, everything)
		begun := time.Now()
		want := newReal(t, set)
		got := newStaged(set, begun)
		scenario(t, want)
		scenario(t, got)
		if diff := cmp.Diff(lines(want.runs(t)), lines(got.runs(t))); diff != "" {
			t.Errorf("runs (-engine +stage):\n%s", diff)
		}
		if n := len(got.runs(t)); n < 30 {
			t.Errorf("only %d runs; the scenario shows too little", n)
		}
	})
}

// lines says of each run what must be the same. Retries come with a random
// pause, so the second is not.
func lines(runs []*event.Run) []string {
	var out []string
	for _, r := range runs {
		out = append(out, fmt.Sprintf("%s of %s: %s at %d after %s: %s", r.Rule, r.EventID, r.Status, r.Next,
			r.Updated.Sub(r.Created).Round(time.Minute), hideID(r.Reason)))
	}
	slices.Sort(out)
	return out
}
