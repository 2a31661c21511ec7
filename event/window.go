package event

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event/own"
)

// WindowKind is one of the four kinds of window over time that a rule can have.
type WindowKind string

// The kinds of window.
const (
	WindowThreshold WindowKind = "threshold" // start a run when Count events fall within Length
	WindowThrottle  WindowKind = "throttle"  // start at most one run in Length
	WindowDigest    WindowKind = "digest"    // start one run for all events of Length
	WindowAbsence   WindowKind = "absence"   // continue unless one of the awaited events comes within Length
)

// Window is a window of a rule for one event. The store evaluates it in the
// transaction that stores the event; see package store/window.
type Window struct {
	Kind WindowKind
	Rule string
	// Key is the value of per: each key has its own window. Label is the key for
	// people; empty if the rule has no per.
	Key, Label string
	Count      int           // of a threshold
	Length     time.Duration // within, once, every or for
	Of         string        // of an absence, what is awaited, in words
	// Begins says that the event of an absence only makes the key known: nothing is
	// started if an awaited event has come already.
	Begins bool
	Shadow bool // shadow rules do not use up what live ones count
}

// Ending is what an event does to the runs of an absence that await it: those that
// began at most Window.Length before it, and have sent nothing yet, are canceled.
// Runs of later events are not started.
type Ending struct {
	Window Window
	Reason string // in words, for the history
}

// Ends reports whether an event of that time ends a run that began at since.
func (e Ending) Ends(since, at time.Time) bool {
	return !since.After(at) && at.Sub(since) <= e.Window.Length
}

// CameAfter returns the first occurrence after another one, or nil. For an event
// that only makes the key known, it is any occurrence.
func (w Window) CameAfter(near []Occurrence, here Occurrence) *Occurrence {
	for i := range near {
		if w.Begins || near[i].At.After(here.At) {
			return &near[i]
		}
	}
	return nil
}

// Came says that what an absence awaits has come.
func (w Window) Came(o Occurrence) string {
	_, id := SplitKey(o.EventID)
	text := w.Of + " came"
	if w.Label != "" {
		text += " for " + w.Label
	}
	return text + ": event " + id + " at " + TimeText(o.At)
}

// Awaits reports whether a run of an absence has not gone on yet.
func (r *Run) Awaits() bool {
	return (r.Status == StatusWaiting || r.Status == StatusPending) && r.Next == 0 && !r.InFlight
}

// Scope is the name of the window in the store. It does not reveal the key.
func (w Window) Scope() string {
	mode := "live"
	if w.Shadow {
		mode = "shadow"
	}
	return string(w.Kind) + "\x1f" + mode + "\x1f" + w.Rule + "\x1f" + keyName(w.Key)
}

// keyName is the hash of a key: it fits an index and does not reveal an address.
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

// Span is the time in which a throttle holds runs back or a digest collects
// events. The zero Span is in the past.
type Span struct {
	Until time.Time
	// Suppressed counts the runs that a throttle held back in it.
	Suppressed int
	// Run is the run that a digest collects for.
	Run string
}

// Began returns when the span of a window of this length began, or the zero time.
func (s Span) Began(length time.Duration) time.Time {
	if s.Until.IsZero() {
		return time.Time{}
	}
	return s.Until.Add(-length)
}

// WindowState is the state of a window in the store. Reading it counts nothing.
type WindowState struct {
	// Near are the occurrences that no run has used, in order of time, without
	// the event in question.
	Near []Occurrence
	// Noted says that the window has counted this event. Run is the run that has
	// used it or collects it, or empty.
	Noted bool
	Run   string
	// Span is the newest span. Collects says whether the run of a digest still
	// collects in it.
	Span     Span
	Collects bool
}

// Gathering are the events that a threshold or digest collected for a run, as
// expressions see them.
type Gathering struct {
	// Count is the number of events. Events are the newest GatherAtMost of them,
	// oldest first.
	Count  int        `json:"count" expr:"count"`
	Events []Gathered `json:"events" expr:"events"`
}

// GatherAtMost is the most events that a run gets. Count includes all.
const GatherAtMost = 100

// Gathered is one event of a Gathering.
type Gathered struct {
	EventID   string    `json:"eventId" expr:"eventId"`
	Type      string    `json:"eventType" expr:"eventType"`
	Timestamp time.Time `json:"eventTimestamp" expr:"eventTimestamp"`
	// Meeting is never nil; it is the zero Meeting if the event has none or is no
	// longer stored.
	Meeting *Meeting `json:"meeting" expr:"meeting"`

	// Only expressions that name them get these: what is written as a whole stays
	// small. The first three are never nil.
	Envelope *Envelope  `json:"-" expr:"event"`
	Change   *Change    `json:"-" expr:"change"`
	Own      *own.Facts `json:"-" expr:"gavel"`
	// Data is set by WithData, because few rules need it.
	Data any `json:"-" expr:"data"`

	source *Event // nil if it is no longer stored
}

// Gather returns an event as part of a Gathering.
func Gather(e *Event) Gathered {
	g := Gathered{
		EventID: e.ID, Type: e.Type, Timestamp: e.Timestamp, Meeting: e.Meeting, Envelope: &e.Envelope, Change: e.Change,
		Own: cmp.Or(e.Own, own.None()), source: e,
	}
	if g.Meeting == nil {
		g.Meeting = &Meeting{}
	}
	if g.Change == nil {
		g.Change = &Change{}
	}
	return g
}

// GatherGone returns an event that is no longer stored.
func GatherGone(id string, at time.Time) Gathered {
	g := Gather(&Event{Envelope: Envelope{ID: id, Timestamp: at}})
	g.source = nil
	return g
}

// Source is the event, or nil if it is no longer stored.
func (g Gathered) Source() *Event { return g.source }

// WithData returns the same events with their data.
func (g *Gathering) WithData() *Gathering {
	out := &Gathering{Count: g.Count, Events: slices.Clone(g.Events)}
	for i := range out.Events {
		if e := &out.Events[i]; e.source != nil {
			e.Data = e.source.Data()
		}
	}
	return out
}

// KeyCount is how many of the collected events have a key.
type KeyCount struct {
	Key   string `json:"key" expr:"key"`
	Count int    `json:"count" expr:"count"`
}
