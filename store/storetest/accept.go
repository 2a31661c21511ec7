package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/gavel-rules/gavel/event"
)

func acceptTests() map[string]func(*world) {
	return map[string]func(*world){
		"an event is kept as it came":                  keepsEvent,
		"a repeat changes nothing but the count":       repeats,
		"runs due now go to the accepting process":     handsOver,
		"runs due later do not go to the accepter":     keepsLaterRuns,
		"a late event skips the runs that say so":      lateEvent,
		"an event that is exactly as new is not late":  sameTime,
		"an ended context is answered with its error":  endedContext,
		"text that a database refuses is made fit":     hostileText,
		"a failing acceptance leaves nothing behind":   allOrNothing,
		"an event without a meeting is never late":     noMeeting,
		"what runs carry comes back":                   carriesAll,
		"an event without revision or runs is allowed": bareEvent,
	}
}

func keepsEvent(w *world) {
	ev := w.scheduled("e1", "m1", 3)
	receipt := w.accept(ev, plan(ev, "1"), plan(ev, "2"))
	w.equal("receipt", receipt, event.Receipt{Seq: receipt.Seq, Created: 2})
	rec, err := w.Event(w.Context(), "e1")
	w.must(err)
	w.equal("body", string(rec.Event.Body), string(ev.Body))
	w.equal("received", rec.Event.Received, at(3))
	w.equal("meeting", rec.Event.Meeting.ID, "m1")
	rec.Event = nil
	w.equal("record", *rec, event.Record{Seq: receipt.Seq, Revision: "r1", Deliveries: 1, LastSeen: at(3), Runs: 2})
	if _, err := w.Event(w.Context(), "nobody"); !errors.Is(err, event.ErrNotFound) {
		w.Errorf("an unknown event: got %v, want ErrNotFound", err)
	}
}

func repeats(w *world) {
	first := w.scheduled("e1", "m1", 3)
	seq := w.accept(first, plan(first, "1")).Seq
	again := w.scheduled("e1", "m1", 3)
	again.Received = at(8)
	receipt := w.acceptMine("me", again, plan(again, "2"))
	w.equal("receipt", receipt, event.Receipt{Duplicate: true, Seq: seq})
	rec, err := w.Event(w.Context(), "e1")
	w.must(err)
	w.equal("deliveries", rec.Deliveries, 2)
	w.equal("last seen", rec.LastSeen, at(8))
	w.equal("received", rec.Event.Received, at(3))
	runs, err := w.Runs(w.Context(), event.RunFilter{})
	w.must(err)
	w.equal("runs", ids(runs), "1")
}

func handsOver(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	receipt := w.acceptMine("me", ev, plan(ev, "1", "slack"), plan(ev, "2", "slack", "crm"))
	w.equal("started", ids(receipt.Started), "1 2")
	w.equal("status", receipt.Started[0].Status, event.StatusRunning)
	w.equal("lanes", receipt.Started[1].Lanes, []string{event.Lane("acme/m1", "slack"), event.Lane("acme/m1", "crm")})
	w.equal("nobody else gets them", w.claim("you", 0), "")
	w.equal("next due is the end of the lease", w.nextDue(), at(1))
	w.finish("me", "1", event.StatusSucceeded, 0)
	w.equal("after the lease", w.claim("you", 1), "2")
}

func keepsLaterRuns(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	later := plan(ev, "1")
	later.Due = at(5)
	receipt := w.acceptMine("me", ev, later, asleep(plan(ev, "2"), 7))
	w.equal("started", ids(receipt.Started), "")
	w.equal("next due", w.nextDue(), at(5))
	w.equal("too early", w.claim("me", 4), "")
	w.equal("due", w.claim("me", 7), "1 2")
}

func lateEvent(w *world) {
	newer := w.scheduled("new", "m1", 10)
	w.accept(newer)
	late := w.scheduled("old", "m1", 5)
	skip := plan(late, "1", "slack")
	skip.SkipIfLate = true
	receipt := w.accept(late, skip, plan(late, "2", "slack"))
	w.equal("ended at once", ids(receipt.EndedAtOnce), "1")
	receipt.EndedAtOnce = nil
	w.equal("receipt", receipt, event.Receipt{Seq: receipt.Seq, Late: true, Created: 2})
	w.equal("skipped", w.state("1"), "skipped 5 late: event new of this meeting is newer")
	w.equal("finished", w.run("1").Finished, at(5))
	w.equal("goes on", w.claim("me", 20), "2")
	rec, err := w.Event(w.Context(), "old")
	w.must(err)
	w.equal("late", rec.Late, true)
	other := w.scheduled("elsewhere", "m2", 1)
	w.equal("another meeting", w.accept(other).Late, false)
}

func sameTime(w *world) {
	w.accept(w.scheduled("a", "m1", 5))
	ev := w.occurrence("b", event.TypeRescheduled, "m1", 5)
	w.equal("late", w.accept(ev).Late, false)
	m, err := w.Meeting(w.Context(), "m1")
	w.must(err)
	w.equal("newest", m.Newest.Event.ID, "b")
}

func endedContext(w *world) {
	ctx, cancel := context.WithCancel(w.Context())
	cancel()
	ev := w.scheduled("e1", "m1", 0)
	if _, err := w.Accept(ctx, event.Acceptance{Event: ev, Now: at(0)}); !errors.Is(err, context.Canceled) {
		w.Errorf("got %v, want the context's error", err)
	}
	if _, err := w.Event(w.Context(), "e1"); !errors.Is(err, event.ErrNotFound) {
		w.Errorf("the event was stored all the same: %v", err)
	}
}

func hostileText(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	run := plan(ev, "1")
	run.Status, run.Reason = event.StatusSkipped, "a\x00b\xffc"
	w.accept(ev, run)
	w.equal("reason", w.run("1").Reason, "a\uFFFDb\uFFFDc")
}

func allOrNothing(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.accept(ev, plan(ev, "1"))
	bad := w.scheduled("e2", "m1", 1)
	// A run id that exists already cannot be stored.
	if _, err := w.Accept(w.Context(), event.Acceptance{Event: bad, Now: at(1), Runs: []event.PlannedRun{plan(bad, "2"), plan(bad, "1")}}); err == nil {
		w.Fatal("two runs with one id were accepted")
	}
	if _, err := w.Event(w.Context(), "e2"); !errors.Is(err, event.ErrNotFound) {
		w.Errorf("the event was stored: %v", err)
	}
	if _, err := w.Run(w.Context(), "2"); !errors.Is(err, event.ErrNotFound) {
		w.Errorf("a run was stored: %v", err)
	}
	w.accept(bad, plan(bad, "2"))
}

func noMeeting(w *world) {
	w.accept(w.occurrence("a", event.TypeSettingChanged, "x", 9))
	ev := w.occurrence("b", event.TypeSettingChanged, "x", 1)
	w.equal("late", w.accept(ev, plan(ev, "1")).Late, false)
	w.equal("meeting of the run", w.run("1").MeetingID, "")
}

func carriesAll(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	p := plan(ev, "1", "slack", "crm")
	p.Shadow, p.Next, p.Tries, p.Reason, p.Due = true, 2, 1, "just so", at(4).Add(123456*time.Microsecond)
	p.Trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	w.accept(ev, p)
	want := p.Run
	want.EventID, want.EventType, want.MeetingID, want.Updated = "e1", event.TypeScheduled, "m1", at(0)
	want.Organization = "acme"
	w.equal("run", *w.run("1"), want)
	claimed := w.claimRuns("me", 5)
	w.equal("runs claimed", len(claimed), 1)
	w.equal("trace of the claimed run", claimed[0].Trace, p.Trace)
}

func bareEvent(w *world) {
	ev := w.occurrence("e1", "something.new", "", 0)
	ev.Received = time.Time{}
	w.acceptance(event.Acceptance{Event: ev, Now: at(2)})
	rec, err := w.Event(w.Context(), "e1")
	w.must(err)
	w.equal("received by the engine's clock", rec.Event.Received, at(2))
}
