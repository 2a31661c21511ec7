package api

import "github.com/gavel-rules/gavel/event"

// ReplayRequest asks to start runs for a stored event once more, by the rules
// in force. Without Confirm it is only said what would start.
type ReplayRequest struct {
	// Rule limits it to one rule; empty means all.
	Rule    string `json:"rule,omitempty"`
	Confirm bool   `json:"confirm"`
	// Revision refuses the replay when other rules are in force by now; empty
	// means whichever are.
	Revision string `json:"revision,omitempty"`
	// Key, a UUID of version 7, makes it safe to repeat the request: with the
	// same key each run is started once. Empty means a new one.
	Key string `json:"key,omitempty"`
}

// Replay says what a ReplayRequest came to.
type Replay struct {
	EventID  string `json:"event_id"`
	Revision string `json:"revision"` // of the rules that it meets now
	Key      string `json:"key"`
	// Late says that a newer event of the meeting is known.
	Late bool `json:"late"`
	// Replayed says that the runs were started, and not only looked for; Created
	// is how many of them by this request.
	Replayed bool          `json:"replayed"`
	Created  int           `json:"created"`
	Runs     []ReplayedRun `json:"runs"`
}

// ReplayedRun is one run of a Replay.
type ReplayedRun struct {
	RunID   string   `json:"run_id,omitempty"` // empty when it is only looked for
	Rule    string   `json:"rule"`
	Actions []string `json:"actions"` // the kinds, in order
	Shadow  bool     `json:"shadow,omitempty"`
	// Status is pending when the run would start, skipped or failed with the
	// Reason when it would not; of a started run, how it stands now.
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
