package event

import "time"

// Replay starts runs for an event that is stored already. It is not a delivery:
// nothing is counted again, neither in windows nor for the meeting, and no run
// that waits is moved.
type Replay struct {
	EventID string
	// Revision of the rule set that it meets now.
	Revision string
	Runs     []ReplayedRun
	// Reason is the first line of each run's history: who asked for it.
	Reason string
	Now    time.Time
}

// ReplayedRun is a run that a replay starts. A run whose id is stored already
// is not started again, so that a request can be repeated. Its Windows are not
// asked.
type ReplayedRun struct {
	PlannedRun
	// Scope is the window whose events the run sees; empty for none. They
	// are those that the run Gathered has brought together, or, when Gathered is
	// empty, the replayed event alone.
	Scope, Gathered string
}

// ReplayReceipt is the store's answer to a Replay, given after it is on disk.
type ReplayReceipt struct {
	Created int // new runs, of any status
	// Late says that a newer event of the meeting is known.
	Late bool
}
