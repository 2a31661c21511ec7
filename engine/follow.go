package engine

import (
	"fmt"
	"time"

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
		set := e.revisions.cached(run.Revision)
		if set == nil || gathers(set, run.Rule) || recalls(set, run.Rule) {
			// The wait is worked out again by the worker that gets the run: it
			// may ask the store.
			return event.Move{Action: event.MoveTo, Due: now, Reason: fmt.Sprintf("to be worked out again after event %s", ev.ID)}
		}
		return moveWaiting(set, run, ev, now)
	}
}

func droppedBy(eventID string) string {
	return fmt.Sprintf("dropped: meeting canceled by event %s", eventID)
}

func moveWaiting(set *rules.Set, run *event.Run, ev *event.Event, now time.Time) event.Move {
	rule := set.Rule(run.Rule)
	if rule == nil || run.Next >= len(rule.Actions) {
		return event.Move{}
	}
	step := rule.Actions[run.Next]
	wait, ok := step.Action.(rules.Waiter)
	if !ok {
		return event.Move{}
	}
	scope := set.Scope(rule, ev, rules.ScopeOptions{
		Now: now, Meeting: ev.Meeting, Results: knownResults(rule, run), Suppressed: run.Suppressed(),
	})
	wake, err := wakeOf(wait, scope, now, waitingSince(run, step.ID, now))
	switch {
	case err != nil:
		// Due now: the worker meets the same error and records it as such.
		return event.Move{Action: event.MoveTo, Due: now, Reason: fmt.Sprintf("to be worked out again after event %s", ev.ID)}
	case wake.Skip:
		return event.Move{Action: event.MoveDrop, Reason: fmt.Sprintf("dropped after event %s: %s", ev.ID, wake.Reason)}
	case wake.At.Equal(run.Due):
		return event.Move{}
	}
	return event.Move{Action: event.MoveTo, Due: wake.At, Reason: fmt.Sprintf("moved from %s to %s by event %s: %s",
		event.TimeText(run.Due), event.TimeText(wake.At), ev.ID, wake.Reason)}
}
