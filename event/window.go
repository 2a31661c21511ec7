package event

import (
	"crypto/sha256"
	"encoding/hex"
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
// about it in the transaction that stores the event; see package store/window.
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

// keyName stands for a key in the store: it fits any index, and a key may be
// an address that must not be read there.
func keyName(key string) string {
	if key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
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

// Began is when the span began that a window of this length keeps; the zero
// time when there is none.
func (s Span) Began(length time.Duration) time.Time {
	if s.Until.IsZero() {
		return time.Time{}
	}
	return s.Until.Add(-length)
}

// WindowState is where a window stands in the store, to be looked at: nothing is
// counted by looking.
type WindowState struct {
	// Near are the occurrences that no run has used, in the order of
	// their times; without the event that is asked about.
	Near []Occurrence
	// Noted says that the window has counted this event, Run which run has used
	// it or collects it; empty if none has.
	Noted bool
	Run   string
	// Span is the newest span, and Collects whether the run of a digest still
	// sleeps in it.
	Span     Span
	Collects bool
}

// Gathering is what a threshold or a digest has brought together for a run, as
// expressions see it.
type Gathering struct {
	// Count is the number of events, Events the newest GatherAtMost of them,
	// oldest first.
	Count  int        `json:"count" expr:"count"`
	Events []Gathered `json:"events" expr:"events"`
}

// GatherAtMost bounds how many events a run sees; Count has them all.
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
