package event

import "time"

// TallyWidth is how finely the store counts what happened, TallyKeep how long
// it keeps the counts.
const (
	TallyWidth = 30 * time.Minute
	TallyKeep  = 48 * time.Hour
)

// Tally is how often one thing happened in one span of TallyWidth. The store
// counts in the same transaction as it stores what is counted, so the numbers
// of all processes on a database add up and outlive each of them.
type Tally struct {
	Start time.Time // of the span, in UTC
	Kind  TallyKind
	// Name and Detail are what the kind says.
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
