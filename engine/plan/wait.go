package plan

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
)

// Wake returns when a wait ends. A year after 9999 is an error, because JSON
// cannot encode it.
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

// WaitOf returns the state of a wait that the run has reached.
func WaitOf(run *event.Run, id string) (state Wait, reached bool) {
	if raw, ok := run.Results[id]; ok && json.Unmarshal(raw, &state) == nil && !state.Until.IsZero() {
		return state, true
	}
	return Wait{}, false
}

// Wait is the stored state of a wait, and its result for later actions.
type Wait struct {
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
	// Then is the action to continue with, if a run waits again after the wait
	// had ended; 0 means the one after the wait.
	Then int `json:"then,omitempty"`
}
