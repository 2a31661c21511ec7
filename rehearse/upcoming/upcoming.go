// Package upcoming says what a run that waits would send if its time came now.
package upcoming

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/engine/plan"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/params"
)

// Source has what a run refers to, as people may see it.
type Source interface {
	Event(ctx context.Context, ref string) (*event.Record, error)
	Meeting(ctx context.Context, ref string) (*event.MeetingState, error)
	Gathered(ctx context.Context, runID string) (*event.Gathering, error)
	Memories(ctx context.Context, keys []event.MemoryKey) ([]event.Remembered, error)
	PreviousEvent(ctx context.Context, ref string, before time.Time) (*event.Record, error)
}

// Message is what one action would send.
type Message struct {
	ActionID   string `json:"action_id"`
	Kind       string `json:"kind"`
	Connection string `json:"connection,omitempty"`
	// Effect is the request as it would be sent; empty if it would not be sent or
	// is not known yet.
	Effect json.RawMessage `json:"effect,omitempty"`
	// Reason says why there is no Effect, or why it is not certain.
	Reason string `json:"reason,omitempty"`
}

// maxEffect bounds a request, in bytes.
const maxEffect = 16 << 10

// Of returns what the actions after the wait of a run would send, up to its next
// wait, with the meeting as it is now. An event.ErrNotFound says that the rule
// or the event is no longer there.
func Of(ctx context.Context, from Source, set *rules.Set, run *event.Run) ([]Message, error) {
	rule := set.Rule(run.Rule)
	if rule == nil {
		return nil, fmt.Errorf("rule %q of revision %s: %w", run.Rule, run.Revision, event.ErrNotFound)
	}
	ev, o, err := gather(ctx, from, rule, run)
	if err != nil {
		return nil, err
	}
	if rule.UsesMemory() {
		if o.Memory, err = memory(ctx, from, set, ev, o); err != nil {
			return nil, err
		}
	}
	var out []Message
	begin := first(rule, run)
	doubt, loop, calls := "", inside(rule, run, begin), calls{}
	for i := begin; i < len(rule.Actions); {
		s := rule.Actions[i]
		if _, waits := s.Action.(params.Waiter); waits {
			break
		}
		if o.Words = loop.words(s); s.Flow != nil && s.Flow.Kind == rules.FlowLoop {
			calls.place(&o, rule, run, s)
			i = loop.turn(s, set.Scope(rule, ev, o))
			continue
		}
		calls.place(&o, rule, run, s)
		m, holds := message(set, s, set.Scope(rule, ev, o))
		if holds != no && s.Flow != nil && s.Flow.Kind == rules.FlowCall && !calls.enter(s, set.Scope(rule, ev, o)) {
			holds = no
		}
		if o.Words != nil {
			m.ActionID = plan.ElementID(s.ID, loop.at)
		}
		if m.Reason == "" && doubt != "" {
			m.Reason = doubt
		}
		switch {
		case s.Flow == nil:
			out = append(out, m)
			i = s.Next
		case s.Flow.Kind == rules.FlowLeave:
			i = s.Next
		case holds == no:
			i = s.Else
		case holds == perhaps:
			// What is inside may not be sent.
			doubt = "whether it is sent depends on an earlier reply: " + s.When.Source
			i++
		case s.Flow.Kind == rules.FlowStop:
			i = len(rule.Actions)
		default:
			i++
		}
	}
	return out, nil
}

// answer is whether a condition holds.
type answer int

const (
	yes answer = iota
	no
	perhaps
)

// memory reads what is remembered now for the event of a run.
func memory(ctx context.Context, from Source, set *rules.Set, ev *event.Event, o language.ScopeOptions) (map[string]any, error) {
	keys, err := set.Memory.Keys(set.Scope(nil, ev, o))
	if err != nil {
		return nil, err
	}
	list, err := from.Memories(ctx, keys.List())
	if err != nil {
		return nil, err
	}
	return set.Memory.Values(keys, list, o.Now)
}

// first is the index of the action after the wait that the run is in.
func first(rule *rules.Rule, run *event.Run) int {
	next := max(0, run.Next)
	if next >= len(rule.Actions) {
		return len(rule.Actions)
	}
	s := rule.Actions[next]
	if _, waits := s.Action.(params.Waiter); !waits {
		return next
	}
	kept, _ := plan.WaitOf(run, s.ID)
	if kept.Then > next {
		return min(kept.Then, len(rule.Actions))
	}
	return s.Next
}

func gather(ctx context.Context, from Source, rule *rules.Rule, run *event.Run) (*event.Event, language.ScopeOptions, error) {
	o := language.ScopeOptions{Now: run.Due, Preview: true, Results: plan.KnownResults(rule, run, true), Suppressed: run.Suppressed()}
	record, err := from.Event(ctx, run.EventRef())
	if err != nil {
		return nil, o, err
	}
	if run.MeetingID != "" {
		state, err := from.Meeting(ctx, run.MeetingRef())
		if err != nil && !errors.Is(err, event.ErrNotFound) {
			return nil, o, err
		}
		if err == nil && run.Follow {
			o.Meeting = state.Newest.Event.Meeting
		}
		if err == nil && rule.Recalls() {
			o.Reschedules = state.Reschedules
		}
	}
	if rule.Recalls() && run.MeetingID != "" {
		before, err := from.PreviousEvent(ctx, run.MeetingRef(), record.Event.Timestamp)
		if err != nil && !errors.Is(err, event.ErrNotFound) {
			return nil, o, err
		}
		if err == nil {
			o.Previous = before.Event.Meeting
		}
	}
	if rule.Gathers() && rule.Collect != nil {
		o.WindowsUnknown = true // it is read when the run goes on
	} else if rule.Gathers() {
		if o.Window, err = from.Gathered(ctx, run.ID); err != nil {
			return nil, o, err
		}
	}
	return record.Event, o, nil
}

func message(set *rules.Set, s *rules.Step, scope *language.Scope) (m Message, holds answer) {
	m = Message{ActionID: s.ID, Kind: s.Kind, Connection: s.Connection}
	if s.When != nil {
		truth, err := s.When.Eval(scope)
		switch {
		case unknown(err):
			holds = perhaps
			m.Reason = "whether it is sent depends on an earlier reply: " + s.When.Source
		case err != nil:
			holds = no
			m.Reason = "its condition cannot be evaluated: " + err.Error()
		case !truth:
			holds = no
			m.Reason = "it would not be sent: its condition is false: " + s.When.Source
		}
		m.Reason = set.Redact(m.Reason)
	}
	if holds == no || s.Flow != nil {
		return m, holds
	}
	effect, err := s.Action.Prepare(scope)
	if err == nil {
		var raw string
		if raw, err = eval.JsonText(effect); err == nil {
			m.Effect = set.Gate().Clip(json.RawMessage(raw), maxEffect)
			return m, holds
		}
	}
	m.Reason = set.Redact("it cannot be prepared: " + err.Error())
	if unknown(err) {
		m.Reason = "what is sent depends on the reply of an action before it"
	}
	return m, holds
}

func unknown(err error) bool {
	var u *language.UnknownError
	return errors.As(err, &u)
}

// loop is where the messages of a for_each are.
type loop struct {
	step     *rules.Step
	elements []json.RawMessage
	at       int
}

// inside is the for_each that a run is in at the action of index i.
func inside(rule *rules.Rule, run *event.Run, i int) loop {
	if i >= len(rule.Actions) || rule.Actions[i].Loop() == nil {
		return loop{}
	}
	l := loop{step: rule.Actions[i].Loop()}
	state, _ := plan.LoopOf(run, l.step)
	l.elements, l.at = state.List, state.At
	return l
}

// turn begins a for_each, or goes to its next element. It returns the index of
// the action that follows. A list that cannot be evaluated has no messages.
func (l *loop) turn(s *rules.Step, scope *language.Scope) int {
	if l.step != s {
		l.step, l.at = s, -1
		if l.elements, _ = s.Flow.Elements(scope); len(l.elements) == 0 {
			return s.Next
		}
	}
	if l.at++; l.at < len(l.elements) {
		return s.Index + 1
	}
	return s.Next
}

func (l *loop) words(s *rules.Step) map[string]any {
	if l.step == nil || s.Loop() != l.step || l.at >= len(l.elements) {
		return nil
	}
	return l.step.Flow.EachWords(l.elements[l.at], l.at)
}

// calls are what chains are given, by the number of the step that uses them.
type calls map[int]*language.Inputs

// enter evaluates what a step gives to its chain. It reports whether it can.
func (c calls) enter(s *rules.Step, scope *language.Scope) bool {
	given, err := s.Flow.Chain.Give(s.Flow.With, scope)
	if err != nil {
		return false
	}
	c[s.Index+1] = s.Flow.Chain.Words(given)
	return true
}

// place adds to the inputs of a scope what a step sees in its chain.
func (c calls) place(o *language.ScopeOptions, rule *rules.Rule, run *event.Run, s *rules.Step) {
	if !rule.Calls() {
		return
	}
	words, there := o.Words, *run
	there.Next = s.Index
	o.Call, o.Inputs, o.Results = 0, nil, plan.KnownResults(rule, &there, true)
	plan.PlaceWords(o, rule, &there)
	o.Words = words
	if begun := c[s.Call]; begun != nil {
		o.Inputs = begun
	}
}
