package language

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/text"
)

// Scope is everything that expressions and templates can see while one event
// is handled. Build one with Set.Scope.
type Scope struct {
	Event *event.Event
	Now   time.Time

	env     map[string]any
	results map[string]any // as given, to tell what is not known
	preview bool
	// windowless says, in a preview, that nobody knows what the windows hold.
	windowless bool
	noReply    string          // why a preview has no result of an action
	ctx        context.Context // nil for without end
}

// Within makes evaluation, and with it preparing and escaping, end when ctx
// does, and returns the scope. What is under way is bounded by its budget.
func (s *Scope) Within(ctx context.Context) *Scope {
	s.ctx = ctx
	return s
}

// stopped says that there is no time left for another expression.
func (s *Scope) stopped() error {
	if s.ctx == nil || s.ctx.Err() == nil {
		return nil
	}
	return &StoppedError{Cause: s.ctx.Err()}
}

// StoppedError says that evaluation was stopped, by a timeout or because Gavel
// stops.
type StoppedError struct{ Cause error }

// Error says why.
func (e *StoppedError) Error() string {
	if errors.Is(e.Cause, context.DeadlineExceeded) {
		return "stopped: evaluating and preparing exceeded the timeout"
	}
	return "stopped before it was evaluated"
}

// Unwrap gives the error of the context.
func (e *StoppedError) Unwrap() error { return e.Cause }

// ScopeOptions hold what a scope needs besides the event.
type ScopeOptions struct {
	Now time.Time
	// Meeting is the newest known state of the meeting, if it is not that of
	// the event (after a wait).
	Meeting *event.Meeting
	// Previous is the meeting's state before this event; nil if unknown.
	Previous *event.Meeting
	// Reschedules counts how often the meeting was moved so far.
	Reschedules int
	// Window holds the events that a threshold or digest brought together; nil
	// for none.
	Window *event.Gathering
	// Suppressed is how many runs a throttle has held back since the last one.
	Suppressed int
	// Results are those of finished actions by id: pointers of the kinds'
	// result types. Missing ids read as zero results.
	Results map[string]any
	// Preview makes results that are not known yet show as such in rendered
	// texts instead of failing.
	Preview bool
	// WindowsUnknown lets a preview show Window and Suppressed as not known.
	WindowsUnknown bool
	// NoReply says in a preview why the result of an action is not known; empty
	// means "which has not run".
	NoReply string
}

// Meeting returns the meeting as expressions see it: its newest known state.
func (s *Scope) Meeting() *event.Meeting { return s.env[eval.WordMeeting].(*event.Meeting) }

// Constants are what is the same for every event: vars and the environment.
type Constants struct{ Vars, Env map[string]any }

// NewScope returns what actions see of an event, without its raw data and the
// results of earlier actions.
//
// Its map has room for 14 names before it doubles, which is all that a rule
// without windows sees.
func NewScope(ev *event.Event, c Constants, o ScopeOptions, a Asked) *Scope {
	out := &Scope{
		Event: ev, Now: o.Now, env: make(map[string]any, 14),
		results: o.Results, preview: o.Preview, windowless: o.Preview && o.WindowsUnknown,
		noReply: cmp.Or(o.NoReply, "which has not run"),
	}
	out.fill(ev, c, o.Now)
	if o.Meeting != nil {
		out.env[eval.WordMeeting] = o.Meeting
		out.env[eval.MeetingGivenWord] = eval.IsGiven(o.Meeting)
	}
	out.env[eval.WordReschedules] = o.Reschedules
	out.env[eval.KnownWord] = o.Previous != nil
	out.env[eval.WordPrevious] = o.Previous
	if o.Previous == nil {
		out.env[eval.WordPrevious] = &event.Meeting{}
	}
	if a.Throttles {
		out.env[eval.WordThrottle] = &throttleView{o.Suppressed}
	}
	if a.Windows {
		out.env[eval.WordWindow] = &event.Gathering{}
		if o.Window != nil {
			out.env[eval.WordWindow] = o.Window
		}
	}
	return out
}

// Asked says what expressions can look at: windows need a threshold or a
// digest, throttles a throttle.
type Asked struct{ Windows, Throttles bool }

// MatchScope returns the scope of conditions: what they see costs no lookup. A
// scope that was emptied is taken again if it is not nil.
func MatchScope(used *Scope, ev *event.Event, c Constants) *Scope {
	if used == nil {
		used = &Scope{env: make(map[string]any, 12)}
	}
	used.Event, used.Now = ev, ev.Received
	used.fill(ev, c, ev.Received)
	return used
}

// Empty forgets the event.
func (s *Scope) Empty() {
	clear(s.env)
	s.ctx = nil
}

// AddData lets expressions see the raw data of the event.
func (s *Scope) AddData() { s.env[eval.WordData] = s.Event.Data() }

// AddResults lets expressions see the results of actions by id.
func (s *Scope) AddResults(results map[string]any) { s.env[eval.WordActions] = results }

// fill inserts what is the same for every rule.
func (s *Scope) fill(ev *event.Event, c Constants, now time.Time) {
	s.env[eval.WordEvent] = &ev.Envelope
	s.env[eval.WordMeeting] = ev.Meeting
	s.env[eval.WordChange] = ev.Change
	s.env[eval.MeetingGivenWord] = eval.IsGiven(ev.Meeting)
	s.env[eval.ChangeGivenWord] = !eval.IsAbsent(ev.Change)
	s.env[eval.WordTest] = ev.Test
	s.env[eval.WordVars] = c.Vars
	s.env[eval.WordEnv] = c.Env
	s.env[eval.NowWord] = now.UTC()
}

// UnknownError is the answer of a condition or expression in a preview when it
// needs the result of an action that has not run, or a window without a
// database.
type UnknownError struct {
	Source string // the expression
	Action string // the id of the action; empty for a window
	Window string // "window" or "throttle"; empty for an action
	Why    string // there is no result of the action
}

// Error says what would have to be known.
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

// Preview reports whether results that are not known yet show as their source
// between ⟨ and ⟩. A kind that checks rendered values, such as an address,
// lets those pass.
func (s *Scope) Preview() bool { return s != nil && s.preview }
