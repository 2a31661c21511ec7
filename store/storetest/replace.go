package storetest

import (
	"errors"

	"github.com/gavel-rules/gavel/event"
)

func replaceTests() map[string]func(*world) {
	return map[string]func(*world){
		"a newer event replaces the waiting run of its rule":      replacesWaiting,
		"a newer event replaces a run that retries":               replacesRetrying,
		"a run that has not come to its wait ends there":          replacesUnslept,
		"a run being sent is replaced when it would be again":     replacesSending,
		"a run that is picked up, not sent, is replaced":          replacesRunning,
		"a run that asks for several replaces none":               replacesNothing,
		"other rules, meetings and shadow runs are not replaced":  replacesOwnKind,
		"a late event replaces nothing":                           lateReplacesNothing,
		"a late run ends at its wait when a newer one is there":   lateRunIsReplaced,
		"a late run goes on when no newer one is there":           lateRunAlone,
		"a run that starts as failed replaces nothing":            failedReplacesNothing,
		"a cancellation can replace":                              cancellationReplaces,
		"a run that has sent is not replaced, the new one starts": sentIsNotReplaced,
		"a replaced run can be retried manually":                  replacedRetry,
		"a replay replaces the waiting run of its rule":           replayReplaces,
	}
}

// only makes a planned run the only one of a rule for its meeting.
func only(p event.PlannedRun, rule string) event.PlannedRun {
	p.Rule, p.Replaces = rule, true
	return p
}

// reminded accepts an event whose only run waits until minute 60.
func reminded(w *world) {
	w.Helper()
	ev := w.scheduled("e1", "m1", 0)
	w.accept(ev, only(asleep(plan(ev, "1"), 60), "remind"))
}

const replacedByE2 = "event e2 of this meeting started this rule again"

// anew accepts a newer event of the meeting, whose run of the rule replaces,
// and which would move what waits.
func anew(w *world, id, kind, meeting, run string, minute int) event.Receipt {
	w.Helper()
	ev := w.occurrence(id, kind, meeting, minute)
	var asked []string
	return w.acceptance(event.Acceptance{
		Event: ev, Revision: "r1", Now: at(minute), Runs: []event.PlannedRun{only(asleep(plan(ev, run), 90), "remind")},
		Move: moveBy(event.Move{Action: event.MoveTo, Due: at(80), Reason: "moved"}, &asked),
	})
}

func replacesWaiting(w *world) {
	reminded(w)
	receipt := anew(w, "e2", event.TypeRescheduled, "m1", "2", 10)
	w.equal("receipt", receipt, event.Receipt{Seq: receipt.Seq, Created: 1, Replaced: 1})
	w.equal("old", w.state("1"), "canceled 60 "+replacedByE2)
	w.equal("history", w.history("1"), []string{"changed " + replacedByE2})
	w.equal("finished", w.run("1").Finished, at(10))
	w.equal("new", w.state("2"), "waiting 90")
	anew(w, "e3", event.TypeRescheduled, "m1", "3", 11)
	w.equal("second", w.run("2").Status, event.StatusCanceled)
	w.equal("one is left", w.claim("me", 100), "3")
}

func replacesRetrying(w *world) {
	reminded(w)
	r := w.claimRuns("me", 60)[0]
	r.Status, r.Due, r.Tries = event.StatusPending, at(65), 1
	w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "me"}))
	w.equal("replaced", anew(w, "e2", event.TypeRescheduled, "m1", "2", 61).Replaced, 1)
	w.equal("old", w.state("1"), "canceled 65 "+replacedByE2)
}

func replacesUnslept(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.acceptMine("me", ev, only(plan(ev, "1", "slack"), "remind"))
	w.equal("nothing is dropped", anew(w, "e2", event.TypeRescheduled, "m1", "2", 1).Replaced, 0)
	r := w.run("1")
	r.Next, r.Updated = 1, at(2)
	w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "me", LeaseUntil: at(90)})) // goes on to its wait
	r.Status, r.Due, r.Follow = event.StatusWaiting, at(60), true
	w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "me"}))
	w.equal("ends at its wait", w.state("1"), "canceled 60 "+replacedByE2)
	w.equal("the new one comes", w.claim("me", 100), "2")
	next := w.scheduled("e3", "m1", 3)
	w.equal("its lane is free", ids(w.acceptMine("me", next, plan(next, "3", "slack")).Started), "3")
}

func replacesSending(w *world) {
	reminded(w)
	r := w.claimRuns("me", 60)[0]
	r.InFlight = true
	w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "me", LeaseUntil: at(90)}))
	w.equal("replaced", anew(w, "e2", event.TypeRescheduled, "m1", "2", 61).Replaced, 0)
	w.equal("old", w.run("1").Status, event.StatusRunning)
	r.Status, r.Due, r.Tries, r.InFlight, r.Updated = event.StatusPending, at(65), 1, false, at(62)
	w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "me"}))
	w.equal("no second try", w.state("1"), "canceled 65 "+replacedByE2)
}

func replacesRunning(w *world) {
	reminded(w)
	r := w.claimRuns("me", 60)[0]
	w.equal("replaced", anew(w, "e2", event.TypeRescheduled, "m1", "2", 61).Replaced, 1)
	r.InFlight = true
	err := w.Record(w.Context(), event.Progress{Run: r, Owner: "me", LeaseUntil: at(90)})
	w.equal("told before it sends", errors.Is(err, event.ErrConflict), true)
	w.equal("old", w.state("1"), "canceled 60 "+replacedByE2)
}

func replacesNothing(w *world) {
	reminded(w)
	ev := w.occurrence("e2", event.TypeRescheduled, "m1", 10)
	p := asleep(plan(ev, "2"), 90)
	p.Rule = "remind"
	w.equal("replaced", w.accept(ev, p).Replaced, 0)
	w.equal("both come", w.claim("me", 100), "1 2")
}

func replacesOwnKind(w *world) {
	reminded(w)
	ev := w.scheduled("e2", "m1", 1)
	other, hidden := only(asleep(plan(ev, "other"), 60), "other"), only(asleep(plan(ev, "hidden"), 60), "remind")
	hidden.Shadow = true
	w.equal("by another rule and a shadow run", w.accept(ev, other, hidden).Replaced, 0)
	w.equal("of another meeting", anew(w, "e3", event.TypeScheduled, "m2", "3", 2).Replaced, 0)
	w.equal("of the same", anew(w, "e4", event.TypeScheduled, "m1", "4", 3).Replaced, 1)
	w.equal("left", w.claim("me", 100), "other hidden 3 4")
}

func lateReplacesNothing(w *world) {
	w.accept(w.scheduled("e0", "m1", 0))
	newer := w.occurrence("e2", event.TypeRescheduled, "m1", 20)
	w.accept(newer, only(asleep(plan(newer, "1"), 60), "remind"))
	late := w.occurrence("e1", event.TypeRescheduled, "m1", 10)
	p := only(plan(late, "2"), "remind")
	p.SkipIfLate = true
	w.equal("replaced", w.accept(late, p).Replaced, 0)
	w.equal("newer", w.state("1"), "waiting 60")
	w.equal("late", w.run("2").Status, event.StatusSkipped)
}

func lateRunIsReplaced(w *world) {
	newer := w.occurrence("e2", event.TypeRescheduled, "m1", 20)
	w.accept(newer, only(asleep(plan(newer, "1"), 60), "remind"))
	late := w.occurrence("e1", event.TypeScheduled, "m1", 10)
	late.Received = at(21)
	w.acceptMine("me", late, only(plan(late, "2"), "remind"))
	r := w.run("2")
	r.Status, r.Due, r.Follow, r.Updated = event.StatusWaiting, at(60), true, at(22)
	w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "me"}))
	w.equal("late", w.state("2"), "canceled 60 "+replacedByE2)
	w.equal("newer", w.claim("me", 100), "1")
}

func lateRunAlone(w *world) {
	w.accept(w.occurrence("e2", event.TypeRescheduled, "m1", 20))
	late := w.occurrence("e1", event.TypeScheduled, "m1", 10)
	late.Received = at(21)
	w.acceptMine("me", late, only(plan(late, "2"), "remind"))
	r := w.run("2")
	r.Status, r.Due, r.Follow, r.Updated = event.StatusWaiting, at(60), true, at(22)
	w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "me"}))
	w.equal("late", w.state("2"), "waiting 60")
}

func failedReplacesNothing(w *world) {
	reminded(w)
	ev := w.occurrence("e2", event.TypeRescheduled, "m1", 10)
	p := only(plan(ev, "2"), "remind")
	p.Status, p.Finished = event.StatusFailed, at(10)
	w.equal("replaced", w.accept(ev, p).Replaced, 0)
	w.equal("old", w.state("1"), "waiting 60")
}

func cancellationReplaces(w *world) {
	reminded(w)
	receipt := anew(w, "e2", event.TypeCanceled, "m1", "2", 10)
	w.equal("receipt", receipt, event.Receipt{Seq: receipt.Seq, Created: 1, Replaced: 1})
	w.equal("the rule's own run on it comes", w.claim("me", 100), "2")
}

func sentIsNotReplaced(w *world) {
	reminded(w)
	w.claim("me", 60)
	w.finish("me", "1", event.StatusSucceeded, 61)
	w.equal("replaced", anew(w, "e2", event.TypeRescheduled, "m1", "2", 62).Replaced, 0)
	w.equal("old", w.run("1").Status, event.StatusSucceeded)
	w.equal("new", w.claim("me", 100), "2")
}

func replacedRetry(w *world) {
	replacesSending(w)
	w.must(w.RetryRun(w.Context(), "1", at(63), "by hand"))
	r := w.claimRuns("me", 63)[0]
	r.InFlight = true
	w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "me", LeaseUntil: at(90)}))
	w.equal("it is sent", w.run("1").Status, event.StatusRunning)
}

func replayReplaces(w *world) {
	reminded(w)
	ev := w.occurrence("e2", event.TypeRescheduled, "m1", 10)
	w.accept(ev)
	replay := func(id string) {
		w.Helper()
		_, err := w.Replay(w.Context(), event.Replay{
			EventID: "e2", Revision: "r1", Now: at(11), Reason: "by hand",
			Runs: []event.ReplayedRun{{PlannedRun: only(plan(ev, id), "remind")}},
		})
		w.must(err)
	}
	replay("2")
	w.equal("old", w.state("1"), "canceled 60 "+replacedByE2)
	replay("3")
	r := w.claimRuns("me", 12)[0]
	w.equal("claimed", r.ID, "2")
	r.Status, r.Due, r.Follow = event.StatusWaiting, at(60), true
	w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "me"}))
	w.equal("ends at its wait", w.run("2").Status, event.StatusCanceled)
}
