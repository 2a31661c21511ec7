package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/engine/plan"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/rules"
)

// follow returns what a new event of a meeting does to the runs that wait for
// the meeting. The store calls the result in the transaction that stores the
// event, so it must not use the store.
func (e *Engine) follow(ev *event.Event, now time.Time) func(*event.Run) event.Move {
	return func(run *event.Run) event.Move {
		if ev.Type == event.TypeCanceled {
			return event.Move{Action: event.MoveDrop, Reason: droppedBy(ev.ID)}
		}
		if run.Status != event.StatusWaiting || run.Damage != nil {
			return event.Move{}
		}
		set := e.revisions.Kept(run.Revision)
		if set == nil || looksBack(set.Rule(run.Rule)) {
			// The worker that gets the run recalculates the wait: it may use the
			// store.
			return event.Move{Action: event.MoveTo, Due: now, Reason: fmt.Sprintf("recalculating after event %s", ev.ID)}
		}
		return plan.Follow(set, run, ev, now)
	}
}

func droppedBy(eventID string) string { return "meeting canceled by event " + eventID }

// looksBack reports whether a rule uses earlier events, which are in the store.
func looksBack(r *rules.Rule) bool { return r != nil && (r.Gathers() || r.Recalls() || r.UsesMemory()) }

// look reads the current state of the run's meeting.
func (j *job) look(ctx context.Context) error {
	state, err := j.store.Meeting(ctx, j.run.MeetingRef())
	if err != nil {
		return fmt.Errorf("meeting %q of this run: %w", j.run.MeetingID, err)
	}
	j.state, j.newest = state, state.Newest.Event.Meeting
	return readableEvent(state.Newest)
}

// dropIfObsolete ends a run whose meeting was canceled. The store drops waiting
// runs itself; this is for running ones.
func (j *job) dropIfObsolete(ctx context.Context) bool {
	// A rule on the cancellation itself may wait and send.
	if j.state == nil || !j.state.Canceled || j.state.Newest.Event.ID == j.run.EventID {
		return false
	}
	j.end(ctx, event.StatusCanceled, droppedBy(j.state.Newest.Event.ID))
	return true
}

// unwatched ends a run of an absence if its rule does not look any more for what
// should come: nobody knows whether it came.
func (j *job) unwatched(ctx context.Context) bool {
	if j.rule.Absence == nil || j.run.Next != 0 || j.run.Tries > 0 || j.run.InFlight || j.run.Reclaimed {
		return false
	}
	set := j.opts.Current()
	switch {
	case set == nil:
		return false
	case set.Watches(j.rule) && j.ev.Type == own.TypeAbsence && !slices.Contains(set.Rule(j.rule.Name).Absence.Keys, j.ev.Own.Key):
		j.end(ctx, event.StatusSkipped, "absence: its key is not listed any more")
		return true
	case set.Watches(j.rule):
		return j.catchUp(ctx)
	}
	j.end(ctx, event.StatusSkipped, "absence: the rule was changed or taken out meanwhile, so nobody knows whether "+j.rule.Absence.Of.String()+" came")
	return true
}

// catchUp lets a run of an absence wait again if nobody could see what came when it
// was due, because Gavel was down: as long as it is late, and longestCatchUp at
// most, in which what was sent meanwhile is delivered again.
func (j *job) catchUp(ctx context.Context) bool {
	now := j.opts.Now()
	late := now.Sub(j.run.Due)
	if late <= LateWake || !j.run.Due.Before(j.began) || j.run.Due.Sub(j.ev.Timestamp.Add(j.rule.Absence.For)).Abs() > time.Second {
		return false
	}
	due := now.Add(min(late, longestCatchUp))
	j.run.Status, j.run.Due, j.run.Updated, j.run.Lanes = event.StatusWaiting, due, now, nil
	j.run.Reason = "absence: Gavel was down when it was due; it waits until " + event.TimeText(due) + " for events that come late"
	j.record(ctx, event.Progress{Run: j.run, Attempts: []event.Attempt{{
		RunID: j.run.ID, Action: -1, Started: now, Ended: now, Outcome: event.OutcomeChanged, Reason: j.run.Reason,
	}}})
	return true
}

// longestCatchUp is the longest time that a run of an absence waits after a
// downtime.
const longestCatchUp = 24 * time.Hour
