package console

import (
	"context"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Ledger is what the console reads of the store. A missing thing is an
// event.ErrNotFound.
type Ledger interface {
	Event(ctx context.Context, id string) (*event.Record, error)
	Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error)
	Meeting(ctx context.Context, meetingID string) (*event.MeetingState, error)
	Run(ctx context.Context, id string) (*event.Run, error)
	Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error)
	Attempts(ctx context.Context, runID string) ([]event.Attempt, error)
	// Counts may be some seconds old.
	Counts(ctx context.Context) (event.Counts, error)
	// Tallies returns what happened since, counted by spans of
	// event.TallyWidth.
	Tallies(ctx context.Context, since time.Time) ([]event.Tally, error)
}

// Operator changes runs by hand. A state that does not allow it is an
// event.ErrConflict.
type Operator interface {
	Retry(ctx context.Context, runID string) error
	Cancel(ctx context.Context, runID string) error
	RunNow(ctx context.Context, runID string) error
}

// RuleBook tells of the rules in force and of the connections they use.
type RuleBook interface {
	Rules() []Rule
	Load() Load
	Connections() []Connection
}

// Health answers whether Gavel works, for probes and people.
type Health interface {
	// Ready returns what is checked, by name; an empty string means fine,
	// anything else says in words what is wrong.
	Ready(ctx context.Context) map[string]string
}

// SourceWatch tells how the source of events stands.
type SourceWatch interface {
	Source() Source
}

// Source is how Cirrus Insight stands, as seen from here.
type Source struct {
	State     SourceState `json:"state"`
	LastEvent time.Time   `json:"last_event,omitzero"`
	// ExpectedBefore is when the source counts as quiet; zero when nothing is
	// expected. Basis says in words how that is known, or why it is not.
	ExpectedBefore time.Time `json:"expected_before,omitzero"`
	Basis          string    `json:"basis"`
	// Validated is when Cirrus Insight last tried the endpoint.
	Validated  time.Time  `json:"-"`
	Signatures Signatures `json:"signatures"`
}

// SourceState is the state of a Source.
type SourceState string

// The states of a Source.
const (
	SourceActive   SourceState = "active"
	SourceQuiet    SourceState = "quiet"    // the next event is overdue
	SourceLearning SourceState = "learning" // too little is known to expect one
	SourceOff      SourceState = "off"      // none is ever expected
)

// Signatures counts requests of the last fifteen minutes by their signature.
type Signatures struct {
	Burst bool      `json:"burst"` // most of them are bad
	Since time.Time `json:"since,omitzero"`
	Good  int       `json:"good"`
	Bad   int       `json:"bad"`
}

// Reloader loads the rules again.
type Reloader interface {
	// Reload returns the revision in force afterwards and the findings, one per
	// line; ok is false when the old rules stay.
	Reload(ctx context.Context) (revision string, findings []string, ok bool)
}

// Rule is a rule in force as people see it. It holds no secrets.
type Rule struct {
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Events      []string `json:"events"` // types and patterns
	When        string   `json:"when,omitempty"`
	Actions     []Action `json:"actions"`
	Disabled    bool     `json:"disabled,omitempty"`
	Shadow      bool     `json:"shadow,omitempty"`
	File        string   `json:"file"`
	Line        int      `json:"line"`
	Source      string   `json:"source"` // its lines in the file

	// Matches reports whether the rule listens to a type of event.
	Matches func(eventType string) bool `json:"-"`
}

// Action is one action of a Rule.
type Action struct {
	ID         string `json:"id"`
	Kind       string `json:"kind"`
	Connection string `json:"connection,omitempty"`
	When       string `json:"when,omitempty"`
	Tries      int    `json:"tries,omitempty"` // at most, the first included
}

// Load says what the last attempt to load the rules came to.
type Load struct {
	Revision    string    `json:"revision"`
	Rules       int       `json:"rules"`
	LoadedAt    time.Time `json:"loaded_at"`
	LastAttempt time.Time `json:"last_attempt"`
	// OK says that the rules in force are those on disk.
	OK       bool      `json:"ok"`
	Findings []Finding `json:"findings,omitempty"`
	Error    string    `json:"error,omitempty"`
}

// Finding is one thing that is wrong, or looks wrong, in a rules file.
type Finding struct {
	Severity string `json:"severity"` // error or warning
	File     string `json:"file"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Rule     string `json:"rule,omitempty"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
	Source   string `json:"source,omitempty"`
}

// Connection is how a destination stands.
type Connection struct {
	Name        string    `json:"name"`
	Kind        string    `json:"kind"`
	InFlight    int       `json:"in_flight"`
	MaxInFlight int       `json:"max_in_flight"`
	Rate        float64   `json:"rate,omitempty"` // per second; 0 means no limit
	Parked      int       `json:"parked"`         // runs waiting in memory for their turn
	PausedUntil time.Time `json:"paused_until,omitzero"`
	Breaker     string    `json:"breaker"` // closed, half-open, open
}

// The states of a Connection's breaker.
const (
	breakerOpen     = "open"
	breakerHalfOpen = "half-open"
)
