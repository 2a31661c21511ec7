// Package rules turns rules files into an immutable Set.
//
//	files ──► parse ──► decode ──► compile ──► build ──► Set
//	          YAML,     strict,    expressions  actions,   match an event,
//	          positions all        and texts,   connections make a scope,
//	                    findings   typed                    render values
//
// As much as possible is checked when the files are read, and every mistake is
// reported with its position; see Finding. The type of a parameter (Text, HTML,
// URL or Value) decides how values from an event are escaped in it.
package rules

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/living"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/rules/collect"
	"github.com/gavel-rules/gavel/rules/language"
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
	// Sources are the files as read, so that the set can be compiled again.
	Sources []text.Source
	// Rules are all rules in file order, disabled ones included.
	Rules []*Rule
	// Connections by name.
	Connections map[string]*Connection
	Vars        map[string]any
	// Ignore is the condition of events that start no run of any rule; nil if
	// there is none.
	Ignore *values.Condition
	// Memory is what the rules remember.
	Memory *Memory

	shared   map[string]language.Shared // conditions by name
	tables   map[string]language.Table
	env      map[string]any
	byName   map[string]*Rule
	byType   map[string]*group // by exact type, patterns included; nil for none
	patterns *group            // rules with a pattern, for types not in byType; nil for none
	fields   *sieve.Fields
	ignore   *sieve.Condition // what of Ignore can be decided without running it
	gate     *privacy.Gate
	absences []*Rule // those with an absence
	matches  *sync.Pool
	scopes   *sync.Pool // of *language.Scope; see Borrow
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
	// Late says what to do with an event older than one already seen for its
	// meeting: skip or run. The default is skip, or run for rules with a
	// threshold or digest.
	Late string
	// Shadow rules are evaluated and recorded; nothing is sent.
	Shadow bool
	// EachEvent starts a run for every event of a meeting, even if the rule has
	// a wait that follows the meeting.
	EachEvent bool
	// Threshold, Throttle, Digest and Absence are nil when the rule has none.
	Threshold *Threshold
	Throttle  *Throttle
	Digest    *Digest
	Absence   *Absence
	// Schedule is nil for a rule that listens to events. Collect are the events
	// that a rule with a schedule reports on; nil for none.
	Schedule *Schedule
	Collect  *collect.Spec
	Pos      text.Position
	// Lanes are the destinations of the rule (connection names, or hosts of
	// actions without a connection). Runs of a lane keep their order.
	Lanes []string

	uses     values.Uses // of all its expressions
	branches bool        // some actions may not be reached
	loops    bool
	calls    bool // it uses chains
}

// OnePerMeeting reports whether a newer event of a meeting replaces the run
// that waits, because two runs would send everything twice. Rules with windows
// keep a run for each event.
func (r *Rule) OnePerMeeting() bool {
	return !r.EachEvent && !r.HasWindows() && r.followingWait()
}

func (r *Rule) followingWait() bool {
	return slices.ContainsFunc(r.Actions, func(s *Step) bool {
		w, waits := s.Action.(params.Waiter)
		return waits && w.Follow()
	})
}

// Values of Rule.Late.
const (
	LateSkip = "skip"
	LateRun  = "run"
)

// Step is one action of a rule with everything the engine needs to run it.
type Step struct {
	Shape
	// Index counts from 0. ID is as written, or "kind#n", where n counts from 1;
	// inside a chain, it follows that of the step that uses it: "upsert.find".
	Index int
	ID    string
	Kind  string
	Local bool // the kind sends nothing
	Keeps bool // the kind remembers values, and sends nothing
	// Lives says that its message is changed by later runs; see params.Living.
	// livesAs is the name by which its state is kept.
	Lives   bool
	livesAs string
	When    *values.Condition
	// Connection is the name of the connection used; empty for kinds without.
	Connection string
	Timeout    time.Duration // of one attempt; default: that of the kind
	Retry      Retry
	// ContinueOnError continues the run after this action failed permanently.
	ContinueOnError bool
	// StopOnUnknown ends the run instead of sending again if it is not known
	// whether the action was sent.
	StopOnUnknown bool
	Action        params.Action
	NewResult     func() any // a pointer to the kind's zero result
	noResult      any        // what NewResult returns; nobody changes it
	Pos           text.Position
}

// Retry says how often and how fast an action is retried.
type Retry struct {
	Max     int           // attempts in total, including the first; 1 means no retry
	Initial time.Duration // pause before the second attempt
	Longest time.Duration // longest pause
}

// DefaultRetry is the default of an action: about 19 hours in total.
func DefaultRetry() Retry { return Retry{Max: 30, Initial: 2 * time.Second, Longest: time.Hour} }

// Connection is a named way to reach Slack, a mail server or an API.
type Connection struct {
	Name   string
	Kind   string
	Client any // what the connection kind's Open returned
	Limits Limits
	Pos    text.Position
}

// Limits are the limits of calls over one connection.
type Limits struct {
	MaxInFlight int     // 0 means the default (16)
	Rate        float64 // per second; 0 means no limit
	Burst       int
}

// Same reports whether two sets have the same sources and environment, and so
// behave the same.
func (s *Set) Same(o *Set) bool {
	return s.Revision == o.Revision && reflect.DeepEqual(s.env, o.env)
}

// Ignores reports whether the event of a scope starts no run of any rule; one of
// Gavel's own is never ignored. In the
// scope of a run, that is decided by the newest state of its meeting.
func (s *Set) Ignores(scope *language.Scope) (bool, error) {
	if s.Ignore == nil || own.Is(scope.Event.Type) {
		return false, nil
	}
	if s.Ignore.UsesData() {
		scope.AddData()
	}
	ignored, err := s.Ignore.Eval(scope)
	if err != nil {
		return false, fmt.Errorf("ignore: %w", err)
	}
	return ignored, nil
}

// Redact replaces the secrets of the set's connections and environment in text.
func (s *Set) Redact(text string) string { return s.gate.Text(text) }

// Gate returns the gate that hides the set's secrets in everything people see.
func (s *Set) Gate() *privacy.Gate { return s.gate }

// Recalls reports whether an action of the rule uses previous or reschedules,
// which then must be looked up.
func (r *Rule) Recalls() bool { return r.uses.Recalls }

// UsesResults reports whether an expression of the rule uses the results of
// earlier actions.
func (r *Rule) UsesResults() bool { return r.uses.Results }

// UsesMemory reports whether an expression of the rule uses what is remembered.
func (r *Rule) UsesMemory() bool { return r.uses.Memory }

// Lives reports whether a message of the rule is changed by later runs.
func (r *Rule) Lives() bool {
	return slices.ContainsFunc(r.Actions, func(s *Step) bool { return s.Lives })
}

// LivingSlot returns where the state of a message that lives is kept, for the
// event of a scope. element tells those of a for_each apart.
func (r *Rule) LivingSlot(s *Step, element string, scope *language.Scope) (slot living.Slot, err error) {
	action, ok := s.Action.(params.Living)
	switch {
	case !ok:
		return slot, errors.New("the action has no message that lives")
	case action.PerMeeting():
		slot.WithMeeting = true
		slot.Key, slot.Name = event.LivingMemory(r.Name, s.livesAs+element, scope.Event.MeetingKey())
		if slot.Key == "" {
			return slot, errors.New("this event has no meeting that the message could belong to; give it a key of its own with per")
		}
		return slot, nil
	}
	value, err := action.Belongs(scope)
	if err != nil {
		return slot, err
	}
	slot.Key, slot.Name = event.LivingMemoryFor(r.Name, s.livesAs, scope.Event.Organization(), value)
	return slot, nil
}

// Rule returns the rule of that name, nil if there is none.
func (s *Set) Rule(name string) *Rule { return s.byName[name] }

// VariablesWith returns the names of the environment variables that the rules may
// use and whose value contains part, in order.
func (s *Set) VariablesWith(part string) []string {
	var names []string
	for name, value := range s.env {
		if text, ok := value.(string); ok && strings.Contains(text, part) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
