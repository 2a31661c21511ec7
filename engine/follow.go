package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/engine/plan"
	"github.com/gavel-rules/gavel/event"
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
