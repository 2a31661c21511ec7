package api

import (
	"time"

	"github.com/gavel-rules/gavel/event"
)

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

// ApplyRequest applies a rule to the meetings that were booked before it and are
// still to come. Without Confirm it is a preview.
type ApplyRequest struct {
	Confirm bool `json:"confirm,omitempty"`
	// Revision must be that of the active rules, or nothing is done; empty means
	// any.
	Revision string `json:"revision,omitempty"`
	// Cursor continues where an earlier request ended; empty begins.
	Cursor string `json:"cursor,omitempty"`
}

// Application is the result of an ApplyRequest: of the events that one request
// looks at, with Next to continue.
type Application struct {
	Rule     string `json:"rule"`
	Revision string `json:"revision"` // of the active rules
	// Applied is false for a preview.
	Applied bool `json:"applied"`
	Shadow  bool `json:"shadow,omitempty"`
	// Paused says what holds the runs, in a sentence; empty if nothing does.
	Paused string `json:"paused,omitempty"`

	// Added counts the runs. Of these, Skipped are skipped and Late start at once,
	// because the time of their wait has passed; AtOnce do not begin with a wait.
	Added   int `json:"added"`
	Skipped int `json:"skipped"`
	Late    int `json:"late"`
	AtOnce  int `json:"at_once"`
	// Had counts the meetings that have a run of the rule, Unmatched those that
	// it does not match, Unclear those for which its condition cannot be
	// evaluated, Changed those that got a newer event meanwhile.
	Had       int `json:"had"`
	Unmatched int `json:"unmatched"`
	Unclear   int `json:"unclear"`
	Changed   int `json:"changed"`
	// UnclearEvent is the event of one of Unclear.
	UnclearEvent string `json:"unclear_event,omitempty"`
	// Runs are the first AppliedShown runs.
	Runs []AppliedRun `json:"runs"`
	// Events is how many events were looked at, and Through when the last of them
	// was received. Next is the Cursor to continue; empty at the end.
	Events  int       `json:"events"`
	Through time.Time `json:"through,omitzero"`
	Next    string    `json:"next,omitempty"`
}

// AppliedShown is how many runs Application lists at most.
const AppliedShown = 20

// AppliedRun is one run of an Application.
type AppliedRun struct {
	RunID     string    `json:"run_id,omitempty"` // empty in a preview
	MeetingID string    `json:"meeting_id"`
	EventID   string    `json:"event_id"`
	Start     time.Time `json:"meeting_start"`
	// Due is when its wait ends; zero if it does not begin with a wait.
	Due time.Time `json:"due,omitzero"`
	// Then says what becomes of it: waits, starts or is skipped.
	Then string `json:"then"`
}

// The values of AppliedRun.Then.
const (
	AppliedWaits  = "waits"
	AppliedStarts = "starts"
	AppliedSkips  = "skipped"
)

// Past counts the runs whose time has passed.
func (a *Application) Past() int { return a.Skipped + a.Late }

// Plus adds the result of the next request.
func (a *Application) Plus(o *Application) {
	a.Rule, a.Revision, a.Shadow, a.Paused = o.Rule, o.Revision, o.Shadow, o.Paused
	a.Applied, a.Through, a.Next = o.Applied, o.Through, o.Next
	a.Added, a.Skipped, a.Late, a.AtOnce = a.Added+o.Added, a.Skipped+o.Skipped, a.Late+o.Late, a.AtOnce+o.AtOnce
	a.Had, a.Unmatched, a.Unclear, a.Changed = a.Had+o.Had, a.Unmatched+o.Unmatched, a.Unclear+o.Unclear, a.Changed+o.Changed
	a.Events += o.Events
	if a.UnclearEvent == "" {
		a.UnclearEvent = o.UnclearEvent
	}
	a.Runs = append(a.Runs, o.Runs[:min(len(o.Runs), max(0, AppliedShown-len(a.Runs)))]...)
}
