package event

import "time"

// TallyWidth is the length of a span for which the store counts, TallyKeep how
// long it keeps the counts.
const (
	TallyWidth = 30 * time.Minute
	TallyKeep  = 48 * time.Hour
)

// Tally is how often something happened in one span of TallyWidth. The store
// counts in the transaction that stores it, so the counts of all processes on a
// database add up and survive restarts.
type Tally struct {
	Start time.Time // of the span, in UTC
	Kind  TallyKind
	// Name and Detail depend on the kind.
	Name, Detail string
	Count        int64
}

// TallyKind says what a Tally counts.
type TallyKind string

// What the store counts.
const (
	TallyEvents   TallyKind = "event" // stored events, by type
	TallyMatches  TallyKind = "match" // runs that began, by rule
	TallyEnded    TallyKind = "end"   // runs that ended, by rule; Detail is the Status
	TallyFailures TallyKind = "fail"  // failed attempts, by connection, or kind of action without one; Detail is the Cause
)
