package api

import "github.com/gavel-rules/gavel/event"

// ReplayRequest asks to start runs for a stored event again, with the active
// rules. Without Confirm it is a preview.
type ReplayRequest struct {
	// Rule limits it to one rule; empty means all.
	Rule    string `json:"rule,omitempty"`
	Confirm bool   `json:"confirm"`
	// Revision must be that of the active rules, or the replay is refused; empty
	// means any.
	Revision string `json:"revision,omitempty"`
	// Key, a version 7 UUID, makes the request idempotent: with the same key
	// each run is started once. Empty means a new one.
	Key string `json:"key,omitempty"`
}

// Replay is the result of a ReplayRequest.
type Replay struct {
	EventID  string `json:"event_id"`
	Revision string `json:"revision"` // of the active rules
	Key      string `json:"key"`
	// Late means that a newer event of the meeting is stored.
	Late bool `json:"late"`
	// Replayed is false for a preview; Created is how many runs this request
	// started.
	Replayed bool          `json:"replayed"`
	Created  int           `json:"created"`
	Runs     []ReplayedRun `json:"runs"`
}

// ReplayedRun is one run of a Replay.
type ReplayedRun struct {
	RunID   string   `json:"run_id,omitempty"` // empty in a preview
	Rule    string   `json:"rule"`
	Actions []string `json:"actions"` // kinds, in order
	Shadow  bool     `json:"shadow,omitempty"`
	// Status in a preview is pending if the run would start, else skipped or
	// failed, with the Reason. For a started run it is the current status.
	Status event.Status `json:"status"`
	Reason string       `json:"reason,omitempty"`
}

// Starts counts the runs that would start, or were started.
func (r *Replay) Starts() int {
	n := 0
	for _, run := range r.Runs {
		if run.Status != event.StatusSkipped && run.Status != event.StatusFailed {
			n++
		}
	}
	return n
}
