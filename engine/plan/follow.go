package plan

import (
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
)

// Follow returns what a new event of a meeting does to a run that waits for it.
func Follow(set *rules.Set, run *event.Run, ev *event.Event, now time.Time) event.Move {
	rule := set.Rule(run.Rule)
	if rule == nil || run.Next >= len(rule.Actions) {
		return event.Move{}
	}
	step := rule.Actions[run.Next]
	wait, ok := step.Action.(params.Waiter)
	if !ok {
		return event.Move{}
	}
	o := language.ScopeOptions{Now: now, Meeting: ev.Meeting, Suppressed: run.Suppressed()}
	Place(&o, rule, run, run.Shadow)
	scope := set.Borrow(rule, ev, o)
	defer set.Return(scope)
	wake, err := Wake(wait, scope, now, waitingSince(run, step.ID, now))
	switch {
	case err != nil:
		// Due now: the worker gets the same error and records it.
		return event.Move{Action: event.MoveTo, Due: now, Reason: fmt.Sprintf("recalculating after event %s", ev.ID)}
	case wake.Skip:
		return event.Move{Action: event.MoveDrop, Reason: fmt.Sprintf("dropped after event %s: %s", ev.ID, wake.Reason)}
	case wake.At.Equal(run.Due):
		return event.Move{}
	}
	return event.Move{
		Action: event.MoveTo, Due: wake.At,
		Reason: "moved from " + event.TimeText(run.Due) + " to " + event.TimeText(wake.At) + " by event " + ev.ID + ": " + wake.Reason,
	}
}
