package storetest

import (
	"errors"

	"github.com/gavel-rules/gavel/event"
)

func meetingTests() map[string]func(*world) {
	return map[string]func(*world){
		"a rescheduled meeting moves its waiting runs":      moves,
		"a run is moved twice":                              movedTwice,
		"a canceled meeting drops its waiting runs":         drops,
		"canceled and booked again":                         bookedAgain,
		"a late event moves nothing":                        lateMovesNothing,
		"a cancellation drops a run that retries after it":  dropsRetrying,
		"the engine's word counts on a cancellation":        cancelAsksEngine,
		"runs that do not follow stay":                      unfollowing,
		"other meetings stay":                               otherMeetings,
		"a wait that begins after the cancellation is void": dropsLateSleeper,
		"a rule on cancellations can wait":                  waitOnCanceled,
		"what is known of a meeting":                        meetingState,
		"the event before":                                  previousEvent,
		"a repeat moves nothing":                            repeatMovesNothing,
		"new runs of the event itself are not asked about":  notItself,
		"a run not being sent yet ends with its meeting":    runningIsDropped,
		"a run being sent stays, and is named":              sendingStays,
		"a reason is given when the engine gives none":      defaultReasons,
		"a moved run is due at the new time and no earlier": movedDue,
		"a dropped run can be retried manually":             droppedRetry,
	}
}

// moveBy answers every question with one move and counts the questions.
func moveBy(m event.Move, asked *[]string) func(*event.Run) event.Move {
	return func(r *event.Run) event.Move {
		*asked = append(*asked, r.ID)
		return m
	}
}

// follow accepts an event of the meeting with an answer for all its waiting
// runs.
func (w *world) follow(id, kind, meeting string, minute int, m event.Move) event.Receipt {
	w.Helper()
	var asked []string
	return w.acceptance(event.Acceptance{
		Event: w.occurrence(id, kind, meeting, minute), Now: at(minute), Move: moveBy(m, &asked),
	})
}

// sleeper accepts an event with a run that waits until minute 60.
func sleeper(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.accept(ev, asleep(plan(ev, "1"), 60))
}

func moves(w *world) {
	sleeper(w)
	receipt := w.follow("e2", event.TypeRescheduled, "m1", 10, event.Move{Action: event.MoveTo, Due: at(90), Reason: "moved with the meeting"})
	w.equal("receipt", receipt, event.Receipt{Seq: receipt.Seq, Moved: 1})
	w.equal("run", w.state("1"), "waiting 90 moved with the meeting")
	w.equal("history", w.history("1"), []string{"changed moved with the meeting"})
	w.equal("updated", w.run("1").Updated, at(10))
}

func movedTwice(w *world) {
	sleeper(w)
	w.follow("e2", event.TypeRescheduled, "m1", 10, event.Move{Action: event.MoveTo, Due: at(90), Reason: "first"})
	w.follow("e3", event.TypeRescheduled, "m1", 11, event.Move{Action: event.MoveTo, Due: at(70), Reason: "second"})
	w.equal("run", w.state("1"), "waiting 70 second")
	w.equal("history", w.history("1"), []string{"changed first", "changed second"})
	m, err := w.Meeting(w.Context(), "m1")
	w.must(err)
	w.equal("reschedules", m.Reschedules, 2)
}

func drops(w *world) {
	sleeper(w)
	receipt := w.accept(w.occurrence("e2", event.TypeCanceled, "m1", 10))
	w.equal("receipt", receipt, event.Receipt{Seq: receipt.Seq, Dropped: 1})
	w.equal("run", w.state("1"), "canceled 60 meeting canceled by event e2")
	w.equal("history", w.history("1"), []string{"changed meeting canceled by event e2"})
	w.equal("finished", w.run("1").Finished, at(10))
	w.equal("never due", w.claim("me", 100), "")
	w.equal("nothing due", w.nextDue().IsZero(), true)
}

func bookedAgain(w *world) {
	sleeper(w)
	w.accept(w.occurrence("e2", event.TypeCanceled, "m1", 10))
	again := w.scheduled("e3", "m1", 20)
	w.accept(again, asleep(plan(again, "2"), 80))
	w.equal("the old run stays dropped, the new one comes", w.claim("me", 100), "2")
	m, err := w.Meeting(w.Context(), "m1")
	w.must(err)
	w.equal("canceled", m.Canceled, false)
}

func lateMovesNothing(w *world) {
	sleeper(w)
	w.follow("e3", event.TypeRescheduled, "m1", 20, event.Move{Action: event.MoveTo, Due: at(90), Reason: "newest"})
	receipt := w.follow("e2", event.TypeRescheduled, "m1", 10, event.Move{Action: event.MoveTo, Due: at(70), Reason: "late"})
	w.equal("receipt", receipt, event.Receipt{Seq: receipt.Seq, Late: true})
	w.accept(w.occurrence("e4", event.TypeCanceled, "m1", 15))
	w.equal("run", w.state("1"), "waiting 90 newest")
}

func dropsRetrying(w *world) {
	sleeper(w)
	w.claim("me", 60)
	r := w.run("1")
	r.Status, r.Due, r.Tries = event.StatusPending, at(65), 1
	w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "me"}))
	var asked []string
	w.acceptance(event.Acceptance{Event: w.occurrence("e2", event.TypeRescheduled, "m1", 61), Now: at(61), Move: moveBy(event.Move{Action: event.MoveDrop}, &asked)})
	w.equal("only waiting runs are asked about", asked, []string(nil))
	w.acceptance(event.Acceptance{Event: w.occurrence("e3", event.TypeCanceled, "m1", 62), Now: at(62), Move: moveBy(event.Move{}, &asked)})
	w.equal("run", w.state("1"), "canceled 65 meeting canceled by event e3")
}

func cancelAsksEngine(w *world) {
	sleeper(w)
	w.equal("dropped", w.follow("e2", event.TypeCanceled, "m1", 10, event.Move{}).Dropped, 0)
	w.equal("the engine keeps it", w.state("1"), "waiting 60")
	w.follow("e3", event.TypeCanceled, "m1", 11, event.Move{Action: event.MoveDrop, Reason: "no longer"})
	w.equal("the engine drops it", w.state("1"), "canceled 60 no longer")
}

func unfollowing(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	p := asleep(plan(ev, "1"), 60)
	p.Follow = false
	w.accept(ev, p)
	w.equal("dropped", w.accept(w.occurrence("e2", event.TypeCanceled, "m1", 10)).Dropped, 0)
	w.equal("run", w.state("1"), "waiting 60")
}

func otherMeetings(w *world) {
	sleeper(w)
	w.accept(w.occurrence("e2", event.TypeCanceled, "m2", 10))
	w.accept(w.occurrence("e3", event.TypeCanceled, "", 11))
	w.equal("run", w.state("1"), "waiting 60")
}

func dropsLateSleeper(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.acceptMine("me", ev, plan(ev, "1", "slack"))
	w.accept(w.occurrence("e2", event.TypeCanceled, "m1", 1))
	r := w.run("1")
	r.Status, r.Due, r.Follow, r.Updated = event.StatusWaiting, at(60), true, at(2)
	w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "me"}))
	w.equal("run", w.state("1"), "canceled 60 meeting canceled by event e2")
	next := w.scheduled("e3", "m1", 3)
	w.equal("its lane is free", ids(w.acceptMine("me", next, plan(next, "2", "slack")).Started), "2")
}

func waitOnCanceled(w *world) {
	ev := w.occurrence("e1", event.TypeCanceled, "m1", 0)
	w.acceptMine("me", ev, plan(ev, "1", "slack"))
	r := w.run("1")
	r.Status, r.Due, r.Follow, r.Updated = event.StatusWaiting, at(60), true, at(2)
	w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "me"}))
	w.equal("run", w.state("1"), "waiting 60")
}

func meetingState(w *world) {
	w.accept(w.scheduled("e1", "m1", 0))
	w.accept(w.occurrence("e3", event.TypeCanceled, "m1", 20))
	w.accept(w.occurrence("e2", event.TypeRescheduled, "m1", 10))
	m, err := w.Meeting(w.Context(), "m1")
	w.must(err)
	w.equal("newest", m.Newest.Event.ID, "e3")
	m.Newest = nil
	w.equal("state", *m, event.MeetingState{MeetingID: "m1", Canceled: true, Reschedules: 1})
	if _, err := w.Meeting(w.Context(), "m2"); !errors.Is(err, event.ErrNotFound) {
		w.Errorf("an unknown meeting: got %v, want ErrNotFound", err)
	}
}

func previousEvent(w *world) {
	w.accept(w.scheduled("e1", "m1", 0))
	w.accept(w.occurrence("e3", event.TypeRescheduled, "m1", 20))
	w.accept(w.occurrence("e2", event.TypeRescheduled, "m1", 10))
	for minute, want := range map[int]string{10: "e1", 20: "e2", 21: "e3"} {
		rec, err := w.PreviousEvent(w.Context(), "m1", at(minute))
		w.must(err)
		w.equal("previous", rec.Event.ID, want)
	}
	if _, err := w.PreviousEvent(w.Context(), "m1", at(0)); !errors.Is(err, event.ErrNotFound) {
		w.Errorf("before the first: got %v, want ErrNotFound", err)
	}
}

func repeatMovesNothing(w *world) {
	sleeper(w)
	w.follow("e2", event.TypeRescheduled, "m1", 10, event.Move{Action: event.MoveTo, Due: at(90), Reason: "first"})
	w.equal("moved", w.follow("e2", event.TypeRescheduled, "m1", 10, event.Move{Action: event.MoveTo, Due: at(70), Reason: "again"}).Moved, 0)
	w.equal("run", w.state("1"), "waiting 90 first")
}

func notItself(w *world) {
	var asked []string
	ev := w.scheduled("e1", "m1", 0)
	w.acceptance(event.Acceptance{
		Event: ev, Now: at(0), Move: moveBy(event.Move{Action: event.MoveDrop}, &asked),
		Runs: []event.PlannedRun{asleep(plan(ev, "1"), 60)},
	})
	w.equal("asked", asked, []string(nil))
	w.equal("run", w.state("1"), "waiting 60")
}

// runningIsDropped: a run that is carried out but not being sent ends with its
// meeting; its holder is told so before it can send.
func runningIsDropped(w *world) {
	sleeper(w)
	run := w.claimRuns("me", 60)[0]
	w.equal("dropped", w.accept(w.occurrence("e2", event.TypeCanceled, "m1", 60)).Dropped, 1)
	run.InFlight = true
	err := w.Record(w.Context(), event.Progress{Run: run, Owner: "me", LeaseUntil: at(90)})
	w.equal("told", errors.Is(err, event.ErrConflict), true)
	w.equal("run", w.state("1"), "canceled 60 meeting canceled by event e2")
}

// sendingStays: a run that is being sent cannot be dropped any more; the
// receipt names it, so that the answer can wait for it.
func sendingStays(w *world) {
	sleeper(w)
	run := w.claimRuns("me", 60)[0]
	run.InFlight = true
	w.must(w.Record(w.Context(), event.Progress{Run: run, Owner: "me", LeaseUntil: at(90)}))
	receipt := w.accept(w.occurrence("e2", event.TypeCanceled, "m1", 60))
	w.equal("dropped", receipt.Dropped, 0)
	w.equal("sending", receipt.Sending, []string{"1"})
	w.finish("me", "1", event.StatusSucceeded, 60)
}

func defaultReasons(w *world) {
	sleeper(w)
	w.follow("e2", event.TypeRescheduled, "m1", 10, event.Move{Action: event.MoveTo, Due: at(90)})
	w.equal("moved", w.state("1"), "waiting 90 moved by event e2")
	w.follow("e3", event.TypeRescheduled, "m1", 11, event.Move{Action: event.MoveDrop})
	w.equal("dropped", w.state("1"), "canceled 90 canceled by event e3")
}

func movedDue(w *world) {
	sleeper(w)
	w.follow("e2", event.TypeRescheduled, "m1", 10, event.Move{Action: event.MoveTo, Due: at(30)})
	w.equal("next due", w.nextDue(), at(30))
	w.equal("too early", w.claim("me", 29), "")
	w.equal("due", w.claim("me", 30), "1")
}

func droppedRetry(w *world) {
	sleeper(w)
	w.accept(w.occurrence("e2", event.TypeCanceled, "m1", 10))
	w.must(w.RetryRun(w.Context(), "1", at(11), "by hand"))
	w.equal("due", w.claim("me", 11), "1")
}
