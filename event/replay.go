package event

import "time"

// Replay starts runs for a stored event. It is not a delivery: windows and the
// meeting do not count it, and no waiting run is moved.
type Replay struct {
	EventID string
	// Revision of the current rule set.
	Revision string
	Runs     []ReplayedRun
	// Reason is the first line of each run's history: who asked for it.
	Reason string
	Now    time.Time
	// Once starts a run only if the event is the newest of its meeting, and no
	// run of its rule has done anything for the meeting or was started by Once
	// before. Shadow runs and live runs do not count for each other.
	Once bool
}

// ReplayedRun is a run that a replay starts. A run whose id is already stored is
// not started again, so that a request can be repeated. Its Windows are not
// checked.
type ReplayedRun struct {
	PlannedRun
	// Scope is the window whose events the run gets, or empty. They are those of
	// the run Gathered, or only the replayed event if Gathered is empty.
	Scope, Gathered string
}

// ReplayReceipt is the result of a Replay, returned after it is on disk.
type ReplayReceipt struct {
	Created int // new runs, of any status
	// Late says that a newer event of the meeting is known.
	Late bool
}

// AppliedID reports whether a run was started by applying its rule to meetings
// that were booked before; its id is a UUID of version 8.
func AppliedID(runID string) bool { return len(runID) == 36 && runID[14] == '8' }

// HasHad reports whether the run counts for Replay.Once: it was not skipped, or
// not before it did anything.
func (r *Run) HasHad() bool { return r.Status != StatusSkipped || r.Next > 0 || AppliedID(r.ID) }
