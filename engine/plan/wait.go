package plan

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
)

// Wake works out when a wait ends. A moment that cannot be written, because it
// lies past the year 9999, is an error: no list could show the run.
func Wake(w params.Waiter, scope *language.Scope, now, since time.Time) (params.Wake, error) {
	wake, err := w.Wait(scope, now, since)
	if year := wake.At.Year(); err == nil && (year > 9999 || year < 1) {
		return params.Wake{}, fmt.Errorf("the wait would end in year %d; the latest possible year is 9999", year)
	}
	return wake, err
}

// waitingSince returns when the run reached the wait with the given id; now if
// it has just reached it.
func waitingSince(run *event.Run, id string, now time.Time) time.Time {
	if state, reached := WaitOf(run, id); reached {
		return state.Since
	}
	return now
}

// WaitOf returns what is kept of a wait that the run has reached.
func WaitOf(run *event.Run, id string) (state Wait, reached bool) {
	if raw, ok := run.Results[id]; ok && json.Unmarshal(raw, &state) == nil && !state.Until.IsZero() {
		return state, true
	}
	return Wait{}, false
}

// Wait is what is kept of a wait while the run sleeps, and what later
// actions see as its result.
type Wait struct {
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
	// Then is the action to go on to, when a run that was behind the wait already
	// has gone back to sleep; 0 for the one after the wait.
	Then int `json:"then,omitempty"`
}
