// Package explain says why a rule matched an event or did not, with the value of
// each part of its condition, and what would be sent. It sends nothing.
package explain

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/values"
)

// ExplainOptions are the inputs of Explain besides the event.
type ExplainOptions struct {
	// Now is the clock of the actions; zero means when the event was received.
	// Conditions of rules always use the time the event was received.
	Now time.Time
	// Previous is the meeting before the event; nil if unknown.
	Previous *event.Meeting
	// Reschedules is how often the meeting was moved so far.
	Reschedules int
	// Remembered is what is remembered for the event, with MemoryKeys.
	Remembered []event.Remembered
	// Stored says that the event came before, when memory was different.
	Stored bool
	// Late says that a newer event of the meeting came before this one.
	Late bool
	// Windows forecasts the windows of a matching rule for the event. nil means
	// that there is no database.
	Windows func(r *rules.Rule, asked []event.Window) *Forecast
	// Collect reads what a rule with a schedule reports on. nil means that there is
	// no database.
	Collect func(c *rules.Collection) error
	// Rule limits the explanation to one rule; empty means all.
	Rule string
}

// Explainer explains events with one rule set. It compiles the parts of each
// condition once. It is safe for concurrent use.
type Explainer struct {
	set    *rules.Set
	mu     sync.Mutex
	comp   *language.Compiler
	probes map[*values.Condition]*probe
}

// New returns an Explainer for the set.
func New(s *rules.Set) *Explainer {
	return &Explainer{set: s, comp: s.Compiler(), probes: map[*values.Condition]*probe{}}
}

// Revision returns the revision of the set.
func (x *Explainer) Revision() string { return x.set.Revision }

// Explain says for every rule whether it matches the event and why, and what
// would be sent. It sends nothing.
func (x *Explainer) Explain(ev *event.Event, o ExplainOptions) *Explanation {
	x.mu.Lock()
	defer x.mu.Unlock()
	if o.Now.IsZero() {
		o.Now = ev.Received
	}
	out := &Explanation{EventID: ev.ID, EventType: ev.Type, Revision: x.set.Revision, At: ev.Received, Rules: []*RuleExplanation{}}
	for _, r := range x.set.Rules {
		if o.Rule == "" || o.Rule == r.Name {
			out.Rules = append(out.Rules, x.rule(r, ev, o))
		}
	}
	return out
}

func (x *Explainer) rule(r *rules.Rule, ev *event.Event, o ExplainOptions) *RuleExplanation {
	out := &RuleExplanation{Rule: r.Name, Pos: r.Pos, Events: r.Events, Shadow: r.Shadow}
	switch {
	case r.MatchesType(ev.Type) && !r.ListensTo(ev):
		out.Verdict, out.Reason = VerdictOtherType, "the event is for the rule "+ev.Own.Rule+" alone"
		return out
	case r.Schedule != nil && !r.MatchesType(ev.Type):
		out.Verdict, out.Reason = VerdictOtherType, "it runs by schedule, "+r.Schedule.String()+"; next "+dueText(r.Schedule, o.Now)
		return out
	case !r.MatchesType(ev.Type):
		out.Verdict = VerdictOtherType
		out.Reason = "it listens to " + strings.Join(r.Events, ", ") + ", not to " + ev.Type
		return out
	case r.When == nil || ev.Type == own.TypeAbsence:
		out.Verdict, out.Reason = VerdictMatched, "it has no condition"
	default:
		x.judge(r, ev, o, out)
	}
	if out.Verdict == VerdictMatched || out.Verdict == VerdictError {
		x.ignore(r, ev, out)
	}
	if r.Disabled {
		out.Verdict, out.Reason = VerdictDisabled, "it is turned off (enabled: false)"
	}
	if out.Verdict != VerdictMatched {
		return out
	}
	f := x.windows(r, ev, o, out)
	if f == nil {
		return out
	}
	if !f.Start.IsZero() {
		o.Now = f.Start
	}
	out.Actions = x.actions(r, ev, o, f)
	if out.Held != "" {
		for _, a := range out.Actions {
			if a.Outlook == OutlookGoesOut {
				a.Outlook = OutlookHeld
			}
		}
	}
	return out
}

func (x *Explainer) judge(r *rules.Rule, ev *event.Event, o ExplainOptions, out *RuleExplanation) {
	out.Assumed = aboutMemory(r, o)
	scope := x.set.Scope(r, ev, language.ScopeOptions{Now: ev.Received, Memory: x.memory(ev, o.Remembered, o.Now)})
	out.When = x.reading(r.When, x.comp.MatchVocabulary(), scope)
	because := out.When.Because()
	switch {
	case out.When.True():
		out.Verdict, out.Reason = VerdictMatched, "its condition is true"
	case out.When.False() && r.When.Lacking(scope) != "" && because.State != ReadingNotEvaluated:
		out.Verdict, out.Reason = VerdictNoMatch, r.When.Lacking(scope)+", which its condition needs: "+because.Source
	case out.When.False():
		out.Verdict, out.Reason = VerdictNoMatch, "its condition is false: "+because.Source
	default:
		out.Verdict, out.Reason = VerdictError, "its condition could not be evaluated: "+because.Error
	}
}

// ignore says that a rule that would match does not, because the rules ignore
// the event.
func (x *Explainer) ignore(r *rules.Rule, ev *event.Event, out *RuleExplanation) {
	if x.set.Ignore == nil || own.Is(ev.Type) {
		return
	}
	scope := x.set.Scope(r, ev, language.ScopeOptions{Now: ev.Received})
	if x.set.Ignore.UsesData() {
		scope.AddData()
	}
	reading := x.reading(x.set.Ignore, x.comp.MatchVocabulary(), scope)
	switch {
	case reading.True():
		out.Ignored = reading
		out.Verdict, out.Reason = VerdictNoMatch, "the event is ignored for all rules ("+x.set.Ignore.Position().String()+"): "+reading.Source
	case reading.State == ReadingError && out.Verdict == VerdictMatched:
		out.Ignored = reading
		out.Verdict, out.Reason = VerdictError, "ignore could not be evaluated: "+reading.Because().Error
	}
}

// Condition evaluates the condition of a rule for an event of any type, with
// what is remembered for it. It
// returns nil if there is no condition.
func (x *Explainer) Condition(r *rules.Rule, ev *event.Event, remembered []event.Remembered) *Reading {
	if r.When == nil {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.reading(r.When, x.comp.MatchVocabulary(), x.set.Scope(r, ev, language.ScopeOptions{Now: ev.Received, Memory: x.memory(ev, remembered, ev.Received)}))
}

func (x *Explainer) reading(c *values.Condition, w *language.Vocabulary, scope *language.Scope) *Reading {
	p, ok := x.probes[c]
	if !ok {
		p = dissect(x.comp, c.Source, w)
		x.probes[c] = p
	}
	out := p.read(scope, x.set.Gate())
	out.mark(p)
	return out
}

// actions goes through the actions as a run would, as far as their results can
// be known.
func (x *Explainer) actions(r *rules.Rule, ev *event.Event, o ExplainOptions, f *Forecast) []*ActionExplanation {
	t := tour{rule: r, groups: map[*rules.Step]ActionOutlook{}, results: map[int]map[string]any{0: {}}, inputs: map[int]*language.Inputs{}}
	now := o.Now
	for _, step := range r.Actions {
		a := &ActionExplanation{ID: step.ID, Kind: step.Kind, Connection: step.Connection, Pos: step.Pos, Depth: step.Depth()}
		t.out = append(t.out, a)
		t.leave(step)
		results := t.beside(step)
		if t.passes(a, step) {
			if a.Outlook == OutlookSkipped && step.NewResult != nil {
				results[step.Name] = step.NewResult()
			}
			continue
		}
		scope := x.set.Scope(r, ev, language.ScopeOptions{
			Now: now, Previous: o.Previous, Reschedules: o.Reschedules, Results: results, Preview: true,
			Words: t.words(step), Inputs: t.inputs[step.Call], Call: step.Call, Window: f.Gathering, Collected: f.Collected, Suppressed: f.Suppressed, WindowsUnknown: f.Unknown, Memory: x.memory(ev, o.Remembered, now),
		})
		ended := x.action(a, r, step, scope)
		switch {
		case step.Flow == nil:
		case step.Flow.Kind == rules.FlowLoop:
			t.loop, ended = step, x.loop(&t, a, step, scope)
		case step.Flow.Kind == rules.FlowCall && (a.Outlook == OutlookEnters || a.Outlook == OutlookUnknown):
			ended = x.call(&t, a, step, scope)
		case step.Flow.Kind == rules.FlowLeave:
			ended = x.leaveChain(&t, a, step, scope)
		}
		if a.Outlook == OutlookGoesOut {
			a.Reason = x.lives(r, step, scope, o)
		}
		t.reached(a, step, ended)
		if step.Keeps && a.Outlook == OutlookGoesOut {
			if effect, err := step.Action.Prepare(scope); err == nil {
				o.Remembered = after(o.Remembered, effect, r.Name, now)
			}
		}
		if !a.Until.IsZero() && a.Until.After(now) {
			now = a.Until
		}
		if over := a.Outlook == OutlookSkipped || a.Outlook == OutlookError; over && step.NewResult != nil {
			results[step.Name] = seenLater(a, step)
		}
	}
	return t.out
}

// action explains one action. It returns why the run would end with it, or "".
func (x *Explainer) action(a *ActionExplanation, r *rules.Rule, step *rules.Step, scope *language.Scope) (ended string) {
	a.Outlook = OutlookGoesOut
	if step.When != nil {
		a.When = x.reading(step.When, r.StepVocabulary(x.comp, step.Index), scope)
		switch {
		case a.When.False() && step.When.Lacking(scope) != "":
			a.Outlook, a.Reason = OutlookSkipped, step.When.Lacking(scope)+", which its condition needs: "+a.When.Because().Source
			return ""
		case a.When.False():
			a.Outlook, a.Reason = OutlookSkipped, "its condition is false: "+a.When.Because().Source
			return ""
		case a.When.State == ReadingError:
			a.Outlook, a.Reason = OutlookError, "its condition could not be evaluated: "+a.When.Because().Error
			return afterFailure(step)
		case a.When.State == ReadingUnknown:
			a.Outlook = OutlookUnknown
			a.Reason = "its condition needs " + a.When.Lacks()
		}
	}
	if step.Flow != nil {
		return x.direct(a, step, scope)
	}
	if w, ok := step.Action.(params.Waiter); ok {
		return x.wait(a, step, w, scope)
	}
	effect, err := step.Action.Prepare(scope)
	if err != nil {
		return x.notPrepared(a, step, err)
	}
	raw, err := eval.JsonText(effect)
	if err != nil {
		return x.notPrepared(a, step, err)
	}
	a.Effect = x.set.Gate().JSON(json.RawMessage(raw))
	return ""
}

func (x *Explainer) wait(a *ActionExplanation, step *rules.Step, w params.Waiter, scope *language.Scope) (ended string) {
	wake, err := w.Wait(scope, scope.Now, scope.Now)
	if err != nil {
		return x.notPrepared(a, step, err)
	}
	if a.Outlook == OutlookGoesOut {
		a.Outlook, a.Reason = OutlookWaits, wake.Reason
	}
	if wake.Skip {
		a.Outlook, a.Reason = OutlookSkipped, wake.Reason
		return "the wait before it ends the run: its time has passed"
	}
	a.Until = wake.At
	return ""
}

// notPrepared explains why an action cannot be prepared. A result that is not
// known yet is not an error.
func (x *Explainer) notPrepared(a *ActionExplanation, step *rules.Step, err error) (ended string) {
	var unknown *language.UnknownError
	if errors.As(err, &unknown) {
		a.Outlook, a.Reason = OutlookUnknown, unknown.Error()
		return ""
	}
	a.Outlook, a.Reason = OutlookError, x.set.Redact(err.Error())
	return afterFailure(step)
}

func afterFailure(step *rules.Step) (ended string) {
	if step.ContinueOnError || step.Rescue() != nil {
		return ""
	}
	return "the action before it fails"
}
