package event

import (
	"time"
)

// WindowKind is one of the three ways in which a rule looks at events over
// time.
type WindowKind string

// The kinds of window.
const (
	WindowThreshold WindowKind = "threshold" // start a run when Count events fall within Length
	WindowThrottle  WindowKind = "throttle"  // start at most one run in Length
	WindowDigest    WindowKind = "digest"    // start one run for all events of Length
)

// Window is what a rule asks of the events before this one. The store decides
// about it in the transaction that stores the event; see Settle.
type Window struct {
	Kind WindowKind
	Rule string
	// Key is the value of per: each key has a window of its own. Label shows
	// it to people and is empty when the rule has no per.
	Key, Label string
	Count      int           // of a threshold
	Length     time.Duration // within, once or every
	Shadow     bool          // shadow rules do not use up what live ones count
}

// Scope names the window in the store. The key itself does not show in it.
func (w Window) Scope() string {
	mode := "live"
	if w.Shadow {
		mode = "shadow"
	}
	return string(w.Kind) + "\x1f" + mode + "\x1f" + w.Rule + "\x1f" + keyName(w.Key)
}

// Occurrence is one event that a window has counted.
type Occurrence struct {
	EventID string // its key
	Seq     int64
	At      time.Time // the event's own time
}

// Span is the stretch of time in which a throttle holds runs back or a digest
// collects events. The zero Span lies in the past.
type Span struct {
	Until time.Time
	// Suppressed counts the runs that a throttle has held back in it.
	Suppressed int
	// Run is the run that a digest collects for.
	Run string
}

// WindowBook is where the state of windows is kept. All calls are part of the
// transaction that stores the event.
type WindowBook interface {
	// Near returns the noted occurrences that no run has used yet, in the
	// order of their time: up to n at or before the moment and not older than
	// length, and up to n after it and not younger than length.
	Near(scope string, moment time.Time, length time.Duration, n int) ([]Occurrence, error)
	// Note keeps an occurrence: for a run, or unused when run is empty.
	Note(scope string, o Occurrence, run string) error
	// Use gives noted occurrences to a run.
	Use(scope string, used []Occurrence, run string) error
	// Span returns the newest span of a scope, the zero Span if there is none.
	Span(scope string) (Span, error)
	// SetSpan keeps the newest span of a scope.
	SetSpan(scope string, s Span) error
	// Sleeps reports whether a run still waits to be claimed.
	Sleeps(runID string) (bool, error)
}

// Gathering is what a threshold or a digest has brought together for a run, as
// expressions see it.
type Gathering struct {
	// Count is the number of events, Events the newest GatherAtMost of them,
	// oldest first.
	Count  int        `json:"count" expr:"count"`
	Events []Gathered `json:"events" expr:"events"`
}

// GatherAtMost bounds how many events a run gets to see; Count has them all.
const GatherAtMost = 100

// Gathered is one event of a Gathering.
type Gathered struct {
	EventID   string    `json:"eventId" expr:"eventId"`
	Type      string    `json:"eventType" expr:"eventType"`
	Timestamp time.Time `json:"eventTimestamp" expr:"eventTimestamp"`
	// Meeting is never nil; it is the zero Meeting when the event has none or
	// is no longer stored.
	Meeting *Meeting `json:"meeting" expr:"meeting"`
}

// Gather makes the view of one event.
func Gather(e *Event) Gathered {
	g := Gathered{EventID: e.ID, Type: e.Type, Timestamp: e.Timestamp, Meeting: e.Meeting}
	if g.Meeting == nil {
		g.Meeting = &Meeting{}
	}
	return g
}
