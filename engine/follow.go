package engine

import (
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/engine/plan"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// follow returns what a new event of a meeting does to the runs that wait for
// that meeting. The store calls it inside the transaction that stores the
// event, so it uses memory only.
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
			// The wait is worked out again by the worker that gets the run: it
			// may ask the store.
			return event.Move{Action: event.MoveTo, Due: now, Reason: fmt.Sprintf("to be worked out again after event %s", ev.ID)}
		}
		return plan.Follow(set, run, ev, now)
	}
}

func droppedBy(eventID string) string {
	return fmt.Sprintf("dropped: meeting canceled by event %s", eventID)
}

// looksBack reports whether a rule looks at events before its own, which are
// in the store.
func looksBack(r *rules.Rule) bool { return r != nil && (r.Gathers() || r.Recalls()) }
