package rules

import (
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Set is one load of the rules: checked, compiled, immutable. It is safe for
// concurrent use.
type Set struct {
	// Revision is the hash of the sources; two sets with the same revision
	// behave the same.
	Revision string
	// Sources are the files as they were read, so that the set can be compiled
	// again later.
	Sources []Source
	Rules   []*Rule
	// Connections by name.
	Connections map[string]*Connection
	Vars        map[string]any

	byType   map[string][]*Rule // exact event types
	patterns []*Rule            // rules with a wildcard, in file order
	secrets  *Redactor
}

// Source is one rules file.
type Source struct {
	Name    string `json:"name"` // as the user would open it
	Content []byte `json:"content"`
}

// Rule is one compiled rule.
type Rule struct {
	Name        string
	Description string
	Events      []string // types and patterns as written
	When        *Condition
	Actions     []*Step
	// Disabled rules are checked but match nothing.
	Disabled bool
	// Late says what to do for an event older than one already seen of its
	// meeting: skip (default) or run.
	Late string
	// Shadow rules are evaluated and recorded; nothing is sent.
	Shadow bool
	Pos    Position
	// Lanes are the destinations (connection names, or hosts where no
	// connection is named) in whose order this rule takes part.
	Lanes []string
}

// Step is one action of a rule with what the engine needs to carry it out.
type Step struct {
	// Index in the rule's actions, ID as written or "kind#index" (1-based).
	Index int
	ID    string
	Kind  string
	When  *Condition
	// Connection is the name of the connection used; empty for kinds without.
	Connection string
	Timeout    time.Duration // 0 means the kind's default
	Retry      Retry
	// ContinueOnError lets the run go on when this action has failed for good.
	ContinueOnError bool
	// StopOnUnknown ends the run rather than send again when it is not known
	// whether the action was sent.
	StopOnUnknown bool
	Action        Action
	NewResult     func() any // a pointer to the kind's zero result
	Pos           Position
}

// Retry says how often and how fast an action is tried again.
type Retry struct {
	Max     int           // tries in all, the first included; 1 means no retry
	Initial time.Duration // pause before the second try
	Longest time.Duration // no pause is longer
}

// Connection is a named way to reach Slack, a mail server or an API.
type Connection struct {
	Name   string
	Kind   string
	Client any // what the connection kind's Open returned
	Limits Limits
	Pos    Position
}

// Limits bound what is sent over one connection.
type Limits struct {
	MaxInFlight int     // 0 means the default (16)
	Rate        float64 // per second; 0 means no limit
	Burst       int
}

// Verdict is what one rule says of one event.
type Verdict struct {
	Rule    *Rule
	Matched bool
	// Err is set when the condition could not be evaluated; that is not the
	// same as false.
	Err error
}

// Match evaluates every rule that could match the event's type, in file
// order, and returns those that matched or could not be evaluated.
func (s *Set) Match(ev *event.Event) []Verdict { panic("rules: to be written") }

// Redact takes the secrets of the set's connections and environment out of s.
func (s *Set) Redact(text string) string { return s.secrets.Redact(text) }
