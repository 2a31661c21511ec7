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

func laneTests() map[string]func(*world) {
	return map[string]func(*world){
		"runs of a meeting start in the order of its events": laneOrder,
		"runs of one event do not hold each other":           laneSameEvent,
		"a slow destination holds up no other":               laneDestinations,
		"a run stands behind in any of its lanes":            laneSeveral,
		"a run that retries keeps its lanes":                 laneRetry,
		"a run that goes to sleep frees its lanes":           laneWait,
		"a canceled run frees its lanes":                     laneCancel,
		"a lost owner keeps the lanes":                       laneLostOwner,
		"a late event goes before those that still wait":     laneLate,
		"meetings have lanes of their own":                   laneMeetings,
		"a run that moves to another owner is still first":   laneRelease,
	}
}

// three accepts three events of a meeting, each with a run for Slack.
func three(w *world) {
	for i, id := range []string{"1", "2", "3"} {
		ev := w.scheduled("e"+id, "m1", i)
		w.accept(ev, plan(ev, id, "slack"))
	}
}

func laneOrder(w *world) {
	three(w)
	w.equal("first", w.claim("me", 9), "1")
	w.finish("me", "1", event.StatusSucceeded, 9)
	select {
	case <-w.Woken():
	default:
		w.Error("a run was freed and nobody was woken")
	}
	w.equal("second", w.claim("me", 9), "2")
	w.equal("not yet", w.claim("me", 9), "")
	w.finish("me", "2", event.StatusFailed, 9)
	w.equal("third", w.claim("me", 9), "3")
	w.finish("me", "3", event.StatusSkipped, 9)
	ev := w.scheduled("e4", "m1", 10)
	w.equal("an empty lane holds nobody", ids(w.acceptMine("me", ev, plan(ev, "4", "slack")).Started), "4")
}

func laneSameEvent(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	receipt := w.acceptMine("me", ev, plan(ev, "1", "slack"), plan(ev, "2", "slack"))
	w.equal("started", ids(receipt.Started), "1 2")
	next := w.scheduled("e2", "m1", 1)
	w.equal("held", ids(w.acceptMine("me", next, plan(next, "3", "slack"), plan(next, "4", "slack")).Started), "")
	w.finish("me", "1", event.StatusSucceeded, 1)
	w.equal("both must end", w.claim("me", 0), "")
	w.finish("me", "2", event.StatusSucceeded, 1)
	w.equal("then both go", w.claim("me", 1), "3 4")
}

func laneDestinations(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.acceptMine("me", ev, plan(ev, "crm1", "crm"), plan(ev, "slack1", "slack"))
	w.finish("me", "slack1", event.StatusSucceeded, 0)
	next := w.scheduled("e2", "m1", 0)
	w.equal("started", ids(w.acceptMine("me", next, plan(next, "crm2", "crm"), plan(next, "slack2", "slack"), plan(next, "free")).Started), "slack2 free")
}

func laneSeveral(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.accept(ev, plan(ev, "1", "slack"), plan(ev, "2", "crm"))
	next := w.scheduled("e2", "m1", 1)
	w.accept(next, plan(next, "3", "slack", "crm"))
	w.equal("first", w.claim("me", 2), "1 2")
	w.finish("me", "1", event.StatusSucceeded, 2)
	w.equal("one lane is not enough", w.claim("me", 2), "")
	w.finish("me", "2", event.StatusSucceeded, 2)
	w.equal("both lanes", w.claim("me", 2), "3")
}

func laneRetry(w *world) {
	three(w)
	w.claim("me", 3)
	r := w.run("1")
	r.Status, r.Due, r.Tries = event.StatusPending, at(20), 1
	w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "me"}))
	w.equal("the next one waits", w.claim("me", 10), "")
	w.equal("held runs are not due", w.nextDue(), at(20))
	w.equal("its turn comes", w.claim("me", 20), "1")
}

func laneWait(w *world) {
	three(w)
	w.claim("me", 3)
	r := w.run("1")
	r.Status, r.Due, r.Next = event.StatusWaiting, at(30), 1
	w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "me"}))
	w.equal("the next one goes", w.claim("me", 4), "2")
	runs := w.claimRuns("me", 30)
	w.equal("after its sleep, and after the lease of the other", ids(runs), "2 1")
	for _, r := range runs {
		if r.ID == "1" {
			w.equal("lanes", r.Lanes, []string(nil))
		}
	}
}

func laneCancel(w *world) {
	three(w)
	w.must(w.CancelRun(w.Context(), "2", at(3), "not wanted"))
	w.equal("first", w.claim("me", 4), "1")
	w.finish("me", "1", event.StatusSucceeded, 4)
	w.equal("the canceled one is passed over", w.claim("me", 4), "3")
}

func laneLostOwner(w *world) {
	three(w)
	w.equal("first", w.claim("me", 3), "1")
	w.equal("again after the lease", w.claim("you", 5), "1")
	w.equal("the lane is still taken", w.claim("you", 5), "")
}

func laneLate(w *world) {
	first := w.scheduled("e1", "m1", 10)
	w.accept(first, plan(first, "1", "slack"))
	w.equal("first", w.claim("me", 10), "1")
	second := w.scheduled("e2", "m1", 20)
	w.accept(second, plan(second, "2", "slack"))
	late := w.scheduled("e0", "m1", 15)
	w.accept(late, plan(late, "between", "slack"))
	w.equal("none while the first is out", w.claim("me", 10), "")
	w.finish("me", "1", event.StatusSucceeded, 10)
	w.equal("the older event first", w.claim("me", 30), "between")
	w.finish("me", "between", event.StatusSucceeded, 30)
	w.equal("then the newer", w.claim("me", 30), "2")
}

func laneMeetings(w *world) {
	for i, m := range []string{"m1", "m2", "m3"} {
		ev := w.scheduled("e"+m, m, i)
		w.accept(ev, plan(ev, "run of "+m, "slack"))
	}
	w.equal("all at once, oldest due first", w.claim("me", 5), "run of m1 run of m2 run of m3")
}

func laneRelease(w *world) {
	three(w)
	w.claim("me", 3)
	w.must(w.Release(w.Context(), "me", at(4)))
	runs := w.claimRuns("you", 4)
	w.equal("still the first", ids(runs), "1")
	w.equal("given back, not reclaimed", runs[0].Reclaimed, false)
}
