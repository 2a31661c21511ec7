package storetest

import (
	"errors"
	"time"

	"github.com/gavel-rules/gavel/event"
)

func queueTests() map[string]func(*world) {
	return map[string]func(*world){
		"the oldest due comes first":                   oldestFirst,
		"a claim is bounded":                           claimLimit,
		"a lease that has ended is claimed again":      leaseEnds,
		"a renewed lease holds":                        renew,
		"released runs are due at once":                release,
		"a run may have been sent when its owner died": inFlightStays,
		"an empty store has nothing due":               nothingDue,
		"revisions are kept":                           revisions,
	}
}

func oldestFirst(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	a, b, c := plan(ev, "a"), plan(ev, "b"), plan(ev, "c")
	a.Due, b.Due, c.Due = at(3), at(1), at(2)
	w.accept(ev, a, b, c)
	w.equal("order", w.claim("me", 5), "b c a")
}

func claimLimit(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	a, b, c := plan(ev, "a"), plan(ev, "b"), plan(ev, "c")
	a.Due, b.Due, c.Due = at(3), at(1), at(2)
	w.accept(ev, a, b, c)
	for limit, want := range []string{"", "b"} {
		runs, err := w.Claim(w.Context(), "me", at(5), at(6), limit)
		w.must(err)
		w.equal("claimed", ids(runs), want)
	}
	w.equal("the rest", w.claim("me", 5), "c a")
}

func leaseEnds(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.accept(ev, plan(ev, "1"))
	first := w.claimRuns("dead", 0)
	w.equal("first", ids(first), "1")
	w.equal("not reclaimed", first[0].Reclaimed, false)
	w.equal("next due", w.nextDue(), at(1))
	w.equal("status", w.run("1").Status, event.StatusRunning)
	runs := w.claimRuns("me", 1)
	w.equal("again", ids(runs), "1")
	w.equal("in flight", runs[0].InFlight, false)
	w.equal("reclaimed", runs[0].Reclaimed, true)
	if err := w.try("dead", "1", event.StatusSucceeded, 2); !errors.Is(err, event.ErrConflict) {
		w.Errorf("the dead owner records: got %v, want ErrConflict", err)
	}
	w.finish("me", "1", event.StatusSucceeded, 2)
}

func renew(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.accept(ev, plan(ev, "1"))
	w.claim("me", 0)
	other := w.scheduled("e2", "m2", -1)
	w.accept(other, plan(other, "2"))
	w.claim("you", 0)
	w.must(w.Renew(w.Context(), "me", at(10)))
	w.equal("only the other's lease has ended", w.claim("third", 5), "2")
	w.equal("at last", w.claim("third", 10), "2 1")
}

func release(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.accept(ev, plan(ev, "1"), plan(ev, "2"), plan(ev, "3"))
	w.claim("me", 0)
	w.finish("me", "1", event.StatusSucceeded, 0)
	r := w.run("2")
	r.InFlight = true
	w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "me", LeaseUntil: at(1)}))
	w.must(w.Release(w.Context(), "me", at(0).Add(time.Second)))
	w.equal("in flight", []bool{w.run("2").InFlight, w.run("3").InFlight}, []bool{true, false})
	w.equal("status", w.run("2").Status, event.StatusPending)
	runs, err := w.Claim(w.Context(), "you", at(0).Add(time.Second), at(1), 10)
	w.must(err)
	w.equal("at once", len(runs), 2)
}

func inFlightStays(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	receipt := w.acceptMine("dead", ev, plan(ev, "1"))
	r := receipt.Started[0]
	r.InFlight, r.Next = true, 1
	w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "dead", LeaseUntil: at(2)}))
	w.equal("the lease was extended", w.claim("me", 1), "")
	runs := w.claimRuns("me", 2)
	w.equal("in flight", runs[0].InFlight, true)
	w.equal("next action", runs[0].Next, 1)
}

func nothingDue(w *world) {
	w.equal("zero", w.nextDue(), time.Time{})
	w.equal("nothing", w.claim("me", 100), "")
	w.accept(w.scheduled("e1", "m1", 0))
	w.equal("zero", w.nextDue(), time.Time{})
}

func revisions(w *world) {
	ctx := w.Context()
	if _, err := w.Revision(ctx, "r1"); !errors.Is(err, event.ErrNotFound) {
		w.Errorf("got %v, want ErrNotFound", err)
	}
	w.must(w.SaveRevision(ctx, "r1", []byte("rules\x00"), at(0)))
	w.must(w.SaveRevision(ctx, "r1", []byte("rules\x00"), at(1)))
	got, err := w.Revision(ctx, "r1")
	w.must(err)
	w.equal("sources", string(got), "rules\x00")
}
