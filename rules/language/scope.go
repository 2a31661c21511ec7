package language

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/text"
)

// Scope is everything that expressions and templates can use for one event.
// Build one with Set.Scope.
type Scope struct {
	Event *event.Event
	Now   time.Time

	env     map[string]any
	results map[string]any // as given, to tell which are not known
	preview bool
	// windowless says, in a preview, that the windows are not known.
	windowless bool
	unknown    map[string]string // inputs that are not known, with the action that they need
	noReply    string            // why a preview has no result of an action
	ctx        context.Context   // nil if there is no limit
	clock      clock
}

// clock is a time as a value in scope. Scopes of one event mostly have the same.
type clock struct {
	at    time.Time
	value any
}

// Within makes evaluation, preparing and escaping stop when ctx ends, and
// returns the scope. An expression that is being evaluated ends by its budget.
func (s *Scope) Within(ctx context.Context) *Scope {
	s.ctx = ctx
	return s
}

// stopped returns an error if there is no time left for another expression.
func (s *Scope) stopped() error {
	if s.ctx == nil || s.ctx.Err() == nil {
		return nil
	}
	return &StoppedError{Cause: s.ctx.Err()}
}

// StoppedError says that evaluation was stopped by a timeout or because Gavel
// shuts down.
type StoppedError struct{ Cause error }

// Error says why.
func (e *StoppedError) Error() string {
	if errors.Is(e.Cause, context.DeadlineExceeded) {
		return "timeout while evaluating and preparing"
	}
	return "stopped before it was evaluated"
}

// Unwrap gives the error of the context.
func (e *StoppedError) Unwrap() error { return e.Cause }

// ScopeOptions are the inputs of a scope besides the event.
type ScopeOptions struct {
	Now time.Time
	// Meeting is the newest known state of the meeting, if it differs from that
	// of the event (after a wait).
	Meeting *event.Meeting
	// Previous is the meeting before this event; nil if unknown.
	Previous *event.Meeting
	// Reschedules is how often the meeting was moved so far.
	Reschedules int
	// Window are the events that a threshold or digest collected, or nil.
	Window *event.Gathering
	// Collected is the window of a rule with a schedule, or nil.
	Collected map[string]any
	// Suppressed is how many runs a throttle has held back since the last one.
	Suppressed int
	// Results are the results of finished actions by id: pointers to the result
	// types of their kinds. A missing id has a zero result.
	Results map[string]any
	// Memory is what is remembered, from Set.Memories; nil means nothing.
	Memory map[string]any
	// Preview renders results that are not known yet as placeholders instead of
	// failing.
	Preview bool
	// WindowsUnknown makes a preview show Window and Suppressed as not known.
	WindowsUnknown bool
	// NoReply says in a preview why the result of an action is not known; the
	// default is "which has not run".
	NoReply string
	// Words are names and values of one place in a rule, such as each.
	Words map[string]any
	// Inputs are those of the chain that the place is in, or nil.
	Inputs *Inputs
	// Call is the number of the step that uses that chain, from 1; 0 for none.
	Call int
	// Used is a scope of the same constants whose memory is used again, or nil.
	// Nobody may use it any more.
	Used *Scope
}

// Inputs are the values that a chain was given. Some are not known in a preview:
// they need the result of an action.
type Inputs struct {
	Values  map[string]any
	Unknown map[string]string // ids of actions by name of the input
}

// Meeting returns the newest known state of the meeting.
func (s *Scope) Meeting() *event.Meeting { return s.env[eval.WordMeeting].(*event.Meeting) }

// Constants are the same for every event: vars and the environment.
type Constants struct{ Vars, Env map[string]any }

// NewScope returns the scope of actions for an event, without its raw data and
// the results of earlier actions.
//
// Its map has room for 14 names before it grows, enough for a rule without
// windows.
func NewScope(ev *event.Event, c Constants, o ScopeOptions, a Asked) *Scope {
	out := o.Used
	if out == nil {
		out = &Scope{env: make(map[string]any, 14)}
	}
	known := out.Event == ev // its part of the scope is there
	if out.Event != nil {
		for _, optional := range []string{eval.WordData, eval.WordActions, eval.WordThrottle, eval.WordWindow, eval.WordMemory, eval.WordEach, eval.WordEachIndex, eval.WordInputs, eval.WordPage} {
			delete(out.env, optional)
		}
	}
	*out = Scope{
		Event: ev, Now: o.Now, env: out.env, clock: out.clock,
		results: o.Results, preview: o.Preview, windowless: o.Preview && o.WindowsUnknown,
		noReply: cmp.Or(o.NoReply, "which has not run"),
	}
	if !known {
		out.fill(ev, c)
	}
	out.setNow(o.Now)
	meeting := cmp.Or(o.Meeting, ev.Meeting)
	out.env[eval.WordMeeting] = meeting
	out.env[eval.MeetingGivenWord] = eval.IsGiven(meeting)
	out.env[eval.WordReschedules] = o.Reschedules
	out.env[eval.KnownWord] = o.Previous != nil
	out.env[eval.WordPrevious] = o.Previous
	if o.Previous == nil {
		out.env[eval.WordPrevious] = noMeeting
	}
	if o.Memory != nil {
		out.env[eval.WordMemory] = o.Memory
	}
	maps.Copy(out.env, o.Words)
	if o.Inputs != nil {
		out.env[eval.WordInputs], out.unknown = o.Inputs.Values, o.Inputs.Unknown
	}
	if a.Throttles {
		out.env[eval.WordThrottle] = &throttleView{o.Suppressed}
	}
	if a.Windows {
		out.env[eval.WordWindow] = noGathering
		if o.Window != nil {
			out.env[eval.WordWindow] = o.Window
		}
	}
	return out
}

// What is not known, for every scope: expressions only read.
var (
	noMeeting   = &event.Meeting{}
	noGathering = &event.Gathering{}
)

// Asked is which names expressions may use: windows need a threshold or a
// digest, throttles a throttle.
type Asked struct{ Windows, Throttles bool }

// MatchScope returns the scope of conditions, which needs no lookup. It reuses
// an emptied scope if used is not nil.
func MatchScope(used *Scope, ev *event.Event, c Constants) *Scope {
	if used == nil {
		used = &Scope{env: make(map[string]any, 12)}
	}
	used.Event, used.Now = ev, ev.Received
	used.fill(ev, c)
	used.setNow(ev.Received)
	used.env[eval.WordMeeting] = ev.Meeting
	used.env[eval.MeetingGivenWord] = eval.IsGiven(ev.Meeting)
	return used
}

// Empty removes the event.
func (s *Scope) Empty() {
	clear(s.env)
	*s = Scope{env: s.env, clock: s.clock}
}

// AddData adds the raw data of the event and of the gathered ones.
func (s *Scope) AddData() {
	s.env[eval.WordData] = s.Event.Data()
	if g, ok := s.env[eval.WordWindow].(*event.Gathering); ok && len(g.Events) > 0 {
		s.env[eval.WordWindow] = g.WithData()
	}
}

// AddMemory adds what is remembered.
func (s *Scope) AddMemory(memory map[string]any) { s.env[eval.WordMemory] = memory }

// AddCollected adds the window of a rule with a schedule.
func (s *Scope) AddCollected(window map[string]any) { s.env[eval.WordWindow] = window }

// AddResults adds the results of actions by id.
func (s *Scope) AddResults(results map[string]any) { s.env[eval.WordActions] = results }

// AddWord adds a name that the expressions of one place have, such as page.
func (s *Scope) AddWord(name string, value any) { s.env[name] = value }

// fill adds the values that are the same for every scope of an event.
func (s *Scope) fill(ev *event.Event, c Constants) {
	s.env[eval.WordEvent] = &ev.Envelope
	s.env[eval.WordChange] = ev.Change
	s.env[eval.ChangeGivenWord] = !eval.IsAbsent(ev.Change)
	s.env[eval.WordTest] = ev.Test
	s.env[eval.WordOwn] = cmp.Or(ev.Own, own.None())
	s.env[eval.WordVars] = c.Vars
	s.env[eval.WordEnv] = c.Env
}

func (s *Scope) setNow(now time.Time) {
	if s.clock.value == nil || s.clock.at != now {
		s.clock = clock{now, now.UTC()}
	}
	s.env[eval.NowWord] = s.clock.value
}

// UnknownError is the error of an expression in a preview that needs the result
// of an action that has not run, or a window without a database.
type UnknownError struct {
	Source string // the expression
	Action string // the id of the action; empty for a window
	Window string // "window" or "throttle"; empty for an action
	Why    string // there is no result of the action
}

// Error says what is needed.
func (e *UnknownError) Error() string {
	if e.Action == "" {
		return "needs " + e.Needs()
	}
	return "needs the result of action " + text.Quote(e.Action) + ", " + e.Why
}

// Needs names what is missing.
func (e *UnknownError) Needs() string {
	if e.Action == "" {
		return e.Window + ", which needs a database"
	}
	return "the result of action " + e.Action
}

// Preview reports whether unknown results are rendered as placeholders. A kind
// that checks rendered values, such as an address, must accept placeholders.
func (s *Scope) Preview() bool { return s != nil && s.preview }
