package rules

import (
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Scope is everything that expressions and templates can see while one event
// is handled. Build one with Set.Scope.
type Scope struct {
	Event *event.Event
	Now   time.Time
	env   map[string]any
}

// ScopeOptions hold what a scope needs besides the event.
type ScopeOptions struct {
	Now time.Time
	// Meeting is the newest known state of the meeting, if it is not that of
	// the event (after a wait).
	Meeting *event.Meeting
	// Previous is the meeting's state before this event; nil if unknown.
	Previous *event.Meeting
	// Reschedules counts how often the meeting was moved so far.
	Reschedules int
	// Results are those of finished actions by id: pointers of the kinds'
	// result types. Missing ids read as zero results.
	Results map[string]any
	// Preview makes results that are not known yet show as such in rendered
	// texts instead of failing.
	Preview bool
}

// Scope returns the environment for rule r and event ev.
func (s *Set) Scope(r *Rule, ev *event.Event, o ScopeOptions) *Scope { panic("rules: to be written") }

// UnknownError is the answer of a condition or expression in a preview when it
// needs the result of an action that has not run.
type UnknownError struct {
	Source string // the expression
	Action string // the id of the action
}

func (e *UnknownError) Error() string {
	return "needs the result of action " + quote(e.Action) + ", which has not run"
}
