package rules

import (
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/rules/language/sieve"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/values"
)

// Set is one load of the rules: checked, compiled, immutable. It is safe for
// concurrent use.
type Set struct {
	// Revision is the hash of the sources; two sets with the same revision
	// behave the same.
	Revision string
	// Sources are the files as they were read, so that the set can be compiled
	// again later.
	Sources []text.Source
	// Rules are all rules in file order, disabled ones included.
	Rules []*Rule
	// Connections by name.
	Connections map[string]*Connection
	Vars        map[string]any

	env      map[string]any
	byType   map[string]*group // by exact type, patterns included; nil for none
	patterns *group            // rules with a pattern, for types not in byType; nil for none
	fields   *sieve.Fields
	gate     *privacy.Gate
	matches  *sync.Pool
}

// Rule is one compiled rule.
type Rule struct {
	Name        string
	Description string
	Events      []string // types and patterns as written
	When        *values.Condition
	Actions     []*Step
	// Disabled rules are checked but match nothing.
	Disabled bool
	// Late says what to do for an event older than one already seen of its
	// meeting: skip, or run. The default is skip, and run for rules with a
	// threshold or a digest.
	Late string
	// Shadow rules are evaluated and recorded; nothing is sent.
	Shadow bool
	// EachEvent gives every event of a meeting a run of its own, also when the
	// rule has a wait that follows the meeting.
	EachEvent bool
	// Threshold, Throttle and Digest are nil when the rule has none.
	Threshold *Threshold
	Throttle  *Throttle
	Digest    *Digest
	Pos       text.Position
	// Lanes are the destinations (connection names, or hosts where no
	// connection is named) in whose order this rule takes part.
	Lanes []string

	usesData bool // an expression of it looks at the raw data
	gathers  bool // an expression of it looks at the gathered events
	recalls  bool // an expression of it looks at the meeting before the event
}

// OnePerMeeting reports whether a newer event of a meeting that starts the rule
// takes the place of the run that waits: two would send everything twice. Rules
// that look at several events keep a run for each.
func (r *Rule) OnePerMeeting() bool {
	return !r.EachEvent && !r.HasWindows() && r.followingWait()
}

func (r *Rule) followingWait() bool {
	return slices.ContainsFunc(r.Actions, func(s *Step) bool {
		w, waits := s.Action.(params.Waiter)
		return waits && w.Follow()
	})
}

// What Rule.Late can be.
const (
	LateSkip = "skip"
	LateRun  = "run"
)

// Step is one action of a rule with what the engine needs to carry it out.
type Step struct {
	// Index in the rule's actions, ID as written or "kind#index" (1-based).
	Index int
	ID    string
	Kind  string
	Local bool // the kind sends nothing
	When  *values.Condition
	// Connection is the name of the connection used; empty for kinds without.
	Connection string
	Timeout    time.Duration // of one try; the kind's when the rule says nothing
	Retry      Retry
	// ContinueOnError lets the run go on when this action has failed permanently.
	ContinueOnError bool
	// StopOnUnknown ends the run rather than send again when it is not known
	// whether the action was sent.
	StopOnUnknown bool
	Action        params.Action
	NewResult     func() any // a pointer to the kind's zero result
	Pos           text.Position
}

// Retry says how often and how fast an action is tried again.
type Retry struct {
	Max     int           // tries in all, the first included; 1 means no retry
	Initial time.Duration // pause before the second try
	Longest time.Duration // no pause is longer
}

// DefaultRetry is what an action gets that says nothing: about 19 hours in all.
func DefaultRetry() Retry { return Retry{Max: 30, Initial: 2 * time.Second, Longest: time.Hour} }

// Connection is a named way to reach Slack, a mail server or an API.
type Connection struct {
	Name   string
	Kind   string
	Client any // what the connection kind's Open returned
	Limits Limits
	Pos    text.Position
}

// Limits bound what is sent over one connection.
type Limits struct {
	MaxInFlight int     // 0 means the default (16)
	Rate        float64 // per second; 0 means no limit
	Burst       int
}

// Same reports whether two sets behave the same: same sources, same
// environment.
func (s *Set) Same(o *Set) bool {
	return s.Revision == o.Revision && reflect.DeepEqual(s.env, o.env)
}

// Redact takes the secrets of the set's connections and environment out of s.
func (s *Set) Redact(text string) string { return s.gate.Text(text) }

// Gate returns the gate through which everything goes that people may see of
// what the set's rules do.
func (s *Set) Gate() *privacy.Gate { return s.gate }

// Recalls reports whether an action of the rule looks at previous or
// reschedules, so that they have to be looked up.
func (r *Rule) Recalls() bool { return r.recalls }

// Rule returns the rule of that name, nil if there is none.
func (s *Set) Rule(name string) *Rule {
	for _, r := range s.Rules {
		if r.Name == name {
			return r
		}
	}
	return nil
}
