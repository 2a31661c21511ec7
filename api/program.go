package api

import (
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/moments"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/units"
	"github.com/gavel-rules/gavel/watchdog"
)

// Rules are the active rules and the result of the last load.
type Rules struct {
	Load  Load   `json:"load"`
	Rules []Rule `json:"rules"`
}

// Rule is an active rule. It contains no secrets.
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
	Column      int      `json:"column"`
	Source      string   `json:"source"` // its lines in the file
	// Mode is live, shadow or off.
	Mode string `json:"mode"`
	// Windows are the threshold, throttle or digest as in the file.
	Windows []string `json:"windows,omitempty"`
	// Gathers are the same in words.
	Gathers []Gather `json:"gathers,omitempty"`
	// Schedule is nil for a rule that listens to events.
	Schedule *Schedule `json:"schedule,omitempty"`
	// Paused is its pause; nil when it is not paused.
	Paused *event.Pause `json:"paused,omitempty"`

	// Matches reports whether the rule is for this type of event.
	Matches func(eventType string) bool `json:"-"`
}

// Schedule is when a rule runs without an event of the source.
type Schedule struct {
	Text string    `json:"text"`
	Next time.Time `json:"next,omitzero"` // due
}

// NewSchedule describes a schedule; nil for none.
func NewSchedule(s *moments.Schedule, now time.Time) *Schedule {
	if s == nil {
		return nil
	}
	return &Schedule{Text: s.String(), Next: s.Next(now).UTC()}
}

// Action is one action of a Rule.
type Action struct {
	ID         string `json:"id"`
	Kind       string `json:"kind"`
	Connection string `json:"connection,omitempty"`
	When       string `json:"when,omitempty"`
	// Aim is where it sends, or how long it waits, with expressions as written.
	Aim   string `json:"aim,omitempty"`
	Tries int    `json:"tries,omitempty"` // maximum, including the first
	// Depth is how many groups it is inside of; Else says that it is the first
	// of what its group does if its condition is false.
	Depth int  `json:"depth,omitempty"`
	Else  bool `json:"else,omitempty"`
}

// Directs reports whether it sends nothing and decides what the run does next.
func (a Action) Directs() bool {
	return slices.Contains([]string{string(rules.FlowStop), string(rules.FlowGroup), string(rules.FlowLoop), string(rules.FlowCall), string(rules.FlowLeave)}, a.Kind)
}

// NestedAction is an action and, if it uses a chain, what that carries out.
type NestedAction struct {
	Action
	Index  int // among the actions of the rule
	Inside []NestedAction
}

// Nested returns the actions with those of chains below the step that uses them.
// The Depth of each counts within its list.
func (r *Rule) Nested() []NestedAction {
	out, _ := r.nested(0, 0)
	return out
}

// nested returns the actions from an index on that are at least so deep, and the
// index after them.
func (r *Rule) nested(from, depth int) (out []NestedAction, next int) {
	for next = from; next < len(r.Actions) && r.Actions[next].Depth >= depth; {
		one := NestedAction{Action: r.Actions[next], Index: next}
		one.Depth -= depth
		next++
		if one.Kind == string(rules.FlowCall) {
			one.Inside, next = r.nested(next, depth+one.Depth+1)
		}
		out = append(out, one)
	}
	return out, next
}

// Gather is a threshold, a throttle or a digest of a Rule.
type Gather struct {
	Kind event.WindowKind `json:"kind"`
	Text string           `json:"text"` // such as "5 events within 1h"
	Per  string           `json:"per,omitempty"`
}

// Load is the result of the last attempt to load the rules.
type Load struct {
	Revision    string    `json:"revision"`
	Rules       int       `json:"rules"`
	LoadedAt    time.Time `json:"loaded_at"`
	LastAttempt time.Time `json:"last_attempt"`
	// OK means that the active rules are those on disk.
	OK       bool      `json:"ok"`
	Findings []Finding `json:"findings,omitempty"`
	Error    string    `json:"error,omitempty"`
}

// Finding is an error or a warning about a rules file.
type Finding struct {
	Severity string `json:"severity"` // error or warning
	File     string `json:"file"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Rule     string `json:"rule,omitempty"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
	Source   string `json:"source,omitempty"`
	// Caret points at the column, below Source.
	Caret string `json:"-"`
}

// Connection is the state of a destination.
type Connection struct {
	Name        string    `json:"name"`
	Kind        string    `json:"kind"`
	InFlight    int       `json:"in_flight"`
	MaxInFlight int       `json:"max_in_flight"`
	Rate        float64   `json:"rate,omitempty"` // per second; 0 means no limit
	Parked      int       `json:"parked"`         // runs waiting in memory for their turn
	PausedUntil time.Time `json:"paused_until,omitzero"`
	Breaker     string    `json:"breaker"` // closed, half-open, open
	// TriedAgain is when an open breaker allows the next try.
	TriedAgain time.Time `json:"tried_again,omitzero"`
}

// Listed returns the rule for a RuleList.
func (r *Rule) Listed() ListedRule {
	o := rules.Outline{
		Name: r.Name, Description: r.Description, Events: r.Events, Mode: r.Mode, Windows: r.Windows,
		Actions: []string{}, Pos: text.Position{File: r.File, Line: r.Line, Column: r.Column},
	}
	for _, a := range r.Actions {
		o.Actions = append(o.Actions, a.Kind)
	}
	return ListedRule{Outline: o, Schedule: r.Schedule}
}

// Status is the state of a server.
type Status struct {
	Version string `json:"version"`
	// Well means that no notice is a problem.
	Well    bool     `json:"well"`
	Notices []Notice `json:"notices"` // the worst first
	// Ready means that events are accepted and runs carried out. Checks are its
	// conditions by name: empty if fine, else what is wrong.
	Ready       bool                   `json:"ready"`
	Checks      map[string]string      `json:"checks"`
	Rules       Load                   `json:"rules"`
	Connections []Connection           `json:"connections"`
	Events      int64                  `json:"events"` // in the store
	Runs        map[event.Status]int64 `json:"runs"`   // in the store; has every status
	OldestDue   time.Time              `json:"oldest_due,omitzero"`
	FirstEvent  time.Time              `json:"first_event,omitzero"` // when the oldest stored event was received
	LastEvent   time.Time              `json:"last_event,omitzero"`
	Validated   time.Time              `json:"endpoint_validated_at,omitzero"`
	Source      watchdog.Report        `json:"source"`
	Paused      []Pause                `json:"paused,omitempty"`
	Issues      IssueCounts            `json:"issues"`
	// LastDayFailed counts the runs that failed in the last 24 hours, those that
	// were retried since included.
	LastDayFailed DayFailed `json:"last_day_failed"`
	// LastDayRefused counts the requests that were refused in the last 24 hours.
	LastDayRefused []DayRefusal `json:"last_day_refused"`
	Backups        *Backups     `json:"backups,omitempty"` // nil when none are made regularly
}

// Backups says how backups are made regularly.
type Backups struct {
	Folder   string    `json:"folder"`
	Every    float64   `json:"every_seconds"`
	Last     time.Time `json:"last,omitzero"` // the moment that the newest one shows
	Bytes    int64     `json:"bytes"`         // of the newest one
	Kept     int       `json:"kept"`
	Failures int       `json:"failures"` // since the start
	Problem  string    `json:"problem,omitempty"`
}

// Notice is a problem or a warning about a Gavel.
type Notice struct {
	// Problem means that something does not work now; a warning has it false.
	Problem bool   `json:"problem"`
	Text    string `json:"text"`
}

// IssueCounts counts what fails now. Failing is how many runs of the open issues
// are failed now.
type IssueCounts struct {
	Open    int   `json:"open"`
	Muted   int   `json:"muted"`
	Failing int64 `json:"failing"`
}

// DayFailed counts the failed runs of a day.
type DayFailed struct {
	Runs  int            `json:"runs"`
	Rules []RuleFailures `json:"rules"` // the most failures first
}

// RuleFailures counts the failed runs of a rule.
type RuleFailures struct {
	Rule string `json:"rule"`
	Runs int    `json:"runs"`
}

// LogLevel is the lowest level that is logged: debug, info, warn or error.
type LogLevel struct {
	Level string `json:"level"`
}

// Holdings summarize the events in a store.
type Holdings struct {
	Events      int64
	First, Last time.Time // received; zero when there are none
}

// WindowNow is where a threshold, a throttle or a digest of a rule stands, for one
// value of its per.
type WindowNow struct {
	Kind event.WindowKind `json:"kind"`
	Key  string           `json:"key,omitempty"` // the value of per, in quotes
	// Counted are the events of a threshold that no run has used, of the newest
	// Length, or those that an open digest has gathered; Count is how many a
	// threshold needs.
	Counted int            `json:"counted"`
	Count   int            `json:"count,omitempty"`
	Length  units.Duration `json:"length"`
	// Until is when the oldest counted event does not count any more, when a
	// throttle lets the rule run again, or when a digest is due; zero when nothing
	// is counted, held back or gathered.
	Until time.Time `json:"until,omitzero"`
	// Since is when a throttled rule last ran, Suppressed how many runs were held
	// back since.
	Since      time.Time `json:"since,omitzero"`
	Suppressed int       `json:"suppressed,omitempty"`
	// Run is that of an open digest.
	Run string `json:"run,omitempty"`
}
