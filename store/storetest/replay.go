package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/event"
)

func replayTests() map[string]func(*world) {
	return map[string]func(*world){
		"an event is replayed":                             replay,
		"a replay is asked for twice":                      replayRepeated,
		"a replay of an older event":                       replayLate,
		"a replay in a queue of its meeting":               replayHeld,
		"a replay counts in no window":                     replayGathers,
		"a replay of an event that is not stored":          replayUnknown,
		"a replay that cannot be stored leaves nothing":    replayBroken,
		"replays on two machines":                          replayConcurrently,
		"a rule meets a meeting once":                      replayOnce,
		"a rule meets a meeting once, on two machines":     replayOnceConcurrently,
		"a replayed event is not pruned before it has run": replayPruned,
	}
}

// again is a replay of an event at a moment.
func again(eventID string, minute int, runs ...event.PlannedRun) event.Replay {
	r := event.Replay{EventID: eventID, Revision: "r2", Reason: "replayed manually", Now: at(minute)}
	for _, p := range runs {
		p.Created, p.Due, p.Revision = at(minute), at(minute), "r2"
		r.Runs = append(r.Runs, event.ReplayedRun{PlannedRun: p})
	}
	return r
}

func (w *world) replayed(r event.Replay) event.ReplayReceipt {
	w.Helper()
	receipt, err := w.Replay(w.Context(), r)
	w.must(err)
	return receipt
}

func (w *world) stored(id string) *event.Record {
	w.Helper()
	rec, err := w.Event(w.Context(), id)
	w.must(err)
	return rec
}

func replay(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.acceptMine("me", ev, plan(ev, "1", "slack"))
	w.finish("me", "1", event.StatusSucceeded, 1)
	w.must(w.SaveRevision(w.Context(), "r2", []byte("two"), at(8)))
	w.equal("receipt", w.replayed(again("e1", 9, plan(ev, "2", "slack"))), event.ReplayReceipt{Created: 1})
	r := w.run("2")
	w.equal("run", w.state("2"), "pending 9")
	w.equal("of", []any{r.EventID, r.EventType, r.MeetingID, r.Revision, r.Created}, []any{"e1", event.TypeScheduled, "m1", "r2", at(9)})
	w.equal("history", w.history("2"), []string{"changed replayed manually"})
	w.equal("the first run", w.state("1"), "succeeded 1")
	rec := w.stored("e1")
	w.equal("the event", []any{rec.Runs, rec.Deliveries, rec.Revision, rec.Event.Received}, []any{2, 1, "r1", at(0)})
	w.equal("due", w.claim("me", 9), "2")
}

func replayRepeated(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.accept(ev)
	w.replayed(again("e1", 9, plan(ev, "1", "slack")))
	w.equal("repeated", w.replayed(again("e1", 10, plan(ev, "1", "slack"), plan(ev, "2"))), event.ReplayReceipt{Created: 1})
	w.equal("repeated again", w.replayed(again("e1", 11, plan(ev, "1"), plan(ev, "2"))), event.ReplayReceipt{})
	w.equal("runs", w.stored("e1").Runs, 2)
	w.equal("history", w.history("1"), []string{"changed replayed manually"})
	w.equal("the first", w.state("1"), "pending 9")
}

func replayLate(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.accept(ev)
	newer := w.occurrence("e2", event.TypeCanceled, "m1", 5)
	w.accept(newer, asleep(plan(newer, "sleeper"), 60))
	skipped := plan(ev, "skipped", "slack")
	skipped.SkipIfLate = true
	w.equal("receipt", w.replayed(again("e1", 9, skipped, plan(ev, "sent", "slack"))), event.ReplayReceipt{Created: 2, Late: true})
	w.equal("skipped", w.state("skipped"), "skipped 9 late: event e2 of this meeting is newer")
	w.equal("sent", w.claim("me", 9), "sent")
	w.equal("not moved", w.state("sleeper"), "waiting 60")
	w.equal("the event was in time", w.stored("e1").Late, false)
	w.equal("the newest in time", w.replayed(again("e2", 9, plan(newer, "3"))), event.ReplayReceipt{Created: 1})
}

func replayHeld(w *world) {
	first, second := w.scheduled("e1", "m1", 0), w.scheduled("e2", "m1", 1)
	w.accept(first, plan(first, "1", "slack"))
	w.accept(second)
	w.replayed(again("e2", 2, plan(second, "2", "slack")))
	w.equal("the first goes first", w.claim("me", 3), "1")
	w.finish("me", "1", event.StatusSucceeded, 3)
	w.equal("then the replay", w.claim("me", 4), "2")
}

func replayGathers(w *world) {
	window := event.Window{Kind: event.WindowThreshold, Rule: "spike", Count: 2, Length: time.Hour}
	count := func(p event.PlannedRun) event.PlannedRun {
		p.Rule, p.Windows = "spike", []event.Window{window}
		return p
	}
	one, two, three := w.scheduled("e1", "m1", 0), w.scheduled("e2", "m2", 1), w.scheduled("e3", "m3", 2)
	w.accept(one, count(plan(one, "1")))
	w.accept(two, count(plan(two, "2")))
	w.accept(three, count(plan(three, "3")))
	both, alone := again("e2", 5, plan(two, "both")), again("e3", 5, plan(three, "alone"))
	both.Runs[0].Scope, both.Runs[0].Gathered = window.Scope(), "2"
	alone.Runs[0].Scope = "digest"
	w.replayed(both)
	w.replayed(alone)
	for run, want := range map[string]string{"2": "2 e1 e2", "both": "2 e1 e2", "alone": "1 e3"} {
		g, err := w.Gathered(w.Context(), run)
		w.must(err)
		got := fmt.Sprint(g.Count)
		for _, e := range g.Events {
			got += " " + e.EventID
		}
		w.equal("gathered for "+run, got, want)
	}
	standing, err := w.WindowState(w.Context(), window, event.Occurrence{EventID: "e2", Seq: w.stored("e2").Seq, At: at(1)})
	w.must(err)
	w.equal("it belongs to the first run", standing.Run, "2")
	four := w.scheduled("e4", "m4", 3)
	w.accept(four, count(plan(four, "4")))
	w.equal("the count goes on from e3", w.state("4"), "pending 3 threshold: 2 within 1h")
}

func replayUnknown(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	if _, err := w.Replay(w.Context(), again("e1", 1, plan(ev, "1"))); !errors.Is(err, event.ErrNotFound) {
		w.Errorf("got %v, want ErrNotFound", err)
	}
	if _, err := w.Run(w.Context(), "1"); !errors.Is(err, event.ErrNotFound) {
		w.Errorf("a run was left: %v", err)
	}
	w.accept(ev)
}

func replayBroken(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.accept(ev)
	twice := again("e1", 1, plan(ev, "1"), plan(ev, "2"))
	twice.Runs[1].Results = map[string]json.RawMessage{"x": json.RawMessage("{")}
	if _, err := w.Replay(w.Context(), twice); err == nil {
		w.Error("results that are no JSON were stored")
	}
	if _, err := w.Run(w.Context(), "1"); !errors.Is(err, event.ErrNotFound) {
		w.Errorf("the first run was left: %v", err)
	}
	w.equal("runs", w.stored("e1").Runs, 0)
}

func replayConcurrently(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.accept(ev)
	other := w.db(w.T)
	var machines sync.WaitGroup
	for i := range 20 {
		store := w.Store
		if i%2 == 1 {
			store = other
		}
		// Each asks for the same run and for one of its own.
		machines.Go(func() {
			if _, err := store.Replay(w.Context(), again("e1", 1, plan(ev, "same", "slack"), plan(ev, fmt.Sprint(i), "slack"))); err != nil {
				w.Error(err)
			}
		})
	}
	machines.Wait()
	w.equal("runs", w.stored("e1").Runs, 21)
	runs, err := w.Runs(w.Context(), event.RunFilter{EventID: "e1", Limit: 100})
	w.must(err)
	w.equal("stored", len(runs), 21)
	w.equal("one line each", w.history("same"), []string{"changed replayed manually"})
}

func replayPruned(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.accept(ev)
	w.replayed(again("e1", 9, plan(ev, "1")))
	n, err := w.Prune(w.Context(), at(60), 10)
	w.must(err)
	w.equal("pruned", n, 0)
	w.claim("me", 9)
	w.finish("me", "1", event.StatusSucceeded, 10)
	n, err = w.Prune(w.Context(), at(60), 10)
	w.must(err)
	w.equal("pruned after it has ended", n, 1)
	if _, err := w.Replay(w.Context(), again("e1", 61, plan(ev, "2"))); !errors.Is(err, event.ErrNotFound) {
		w.Errorf("got %v, want ErrNotFound", err)
	}
}

// once is the run of a rule that is applied to the meeting of an event.
func once(ev *event.Event, minute int, run string) event.Replay {
	p := plan(ev, run)
	p.Rule = "applied"
	r := again(ev.Ref(), minute, p)
	r.Once = true
	return r
}

// applied are ids as Replay.Once has them.
func applied(n int) string { return fmt.Sprintf("00000000-0000-8000-8000-%012d", n) }

func replayOnce(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.accept(ev)
	w.equal("receipt", w.replayed(once(ev, 9, applied(1))), event.ReplayReceipt{Created: 1})
	w.equal("again", w.replayed(once(ev, 10, applied(2))), event.ReplayReceipt{})
	w.equal("once more with the same id", w.replayed(once(ev, 10, applied(1))), event.ReplayReceipt{})
	w.equal("runs", w.stored("e1").Runs, 1)
	w.claim("me", 11)
	w.finish("me", applied(1), event.StatusSkipped, 11)
	w.equal("it was skipped", w.replayed(once(ev, 12, applied(3))), event.ReplayReceipt{})

	// A run that was skipped at once when its event came does not count, one that
	// ended otherwise does.
	two := w.scheduled("e2", "m2", 0)
	skipped := plan(two, "skipped")
	skipped.Rule = "applied"
	w.acceptMine("me", two, skipped)
	w.finish("me", "skipped", event.StatusSkipped, 1)
	w.equal("after a skipped one", w.replayed(once(two, 9, applied(4))), event.ReplayReceipt{Created: 1})
	three := w.scheduled("e3", "m3", 0)
	done := plan(three, "done")
	done.Rule = "applied"
	w.acceptMine("me", three, done)
	w.finish("me", "done", event.StatusSucceeded, 1)
	w.equal("after one that succeeded", w.replayed(once(three, 9, applied(5))), event.ReplayReceipt{})

	// So does one that was skipped after its first action.
	seven := w.scheduled("e7", "m7", 0)
	went := plan(seven, "went")
	went.Rule = "applied"
	w.acceptMine("me", seven, went)
	run := w.run("went")
	run.Status, run.Next, run.Updated, run.Finished = event.StatusSkipped, 1, at(1), at(1)
	w.must(w.Record(w.Context(), event.Progress{Run: run, Owner: "me"}))
	w.equal("after one that was skipped later", w.replayed(once(seven, 9, applied(8))), event.ReplayReceipt{})

	// The runs of other rules, and those of another mode, are none of its rule.
	four := w.scheduled("e4", "m4", 0)
	shadow := plan(four, "shadow")
	shadow.Rule, shadow.Shadow = "applied", true
	w.accept(four, plan(four, "other"), shadow)
	w.equal("beside others", w.replayed(once(four, 9, applied(6))), event.ReplayReceipt{Created: 1})

	w.accept(w.occurrence("e5", event.TypeRescheduled, "m5", 5))
	old := w.scheduled("e6", "m5", 0)
	w.accept(old)
	w.equal("not the newest", w.replayed(once(old, 9, applied(7))), event.ReplayReceipt{Late: true})
}

func replayOnceConcurrently(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.accept(ev)
	other := w.db(w.T)
	var machines sync.WaitGroup
	for i := range 20 {
		store := w.Store
		if i%2 == 1 {
			store = other
		}
		machines.Go(func() {
			if _, err := store.Replay(w.Context(), once(ev, 1, applied(i))); err != nil {
				w.Error(err)
			}
		})
	}
	machines.Wait()
	w.equal("runs", w.stored("e1").Runs, 1)
}
