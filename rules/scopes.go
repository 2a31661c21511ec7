package rules

import (
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language"
)

// Scope returns the environment for rule r and event ev; r may be nil.
func (s *Set) Scope(r *Rule, ev *event.Event, o language.ScopeOptions) *language.Scope {
	if o.Memory == nil {
		o.Memory = s.Memory.None()
	}
	if r == nil {
		return language.NewScope(ev, s.constants(), o, language.Asked{Windows: true, Throttles: true})
	}
	out := language.NewScope(ev, s.constants(), o, language.Asked{Windows: r.Threshold != nil || r.Digest != nil, Throttles: r.Throttle != nil})
	if r.Collect != nil {
		out.AddCollected(r.collected(o))
	}
	if r.uses.Data {
		out.AddData()
	}
	if r.uses.Results {
		out.AddResults(r.resultsWith(o.Results, o.Call))
	}
	return out
}

// Borrow is Scope with the memory of an earlier scope of this set. Return gives
// it back.
func (s *Set) Borrow(r *Rule, ev *event.Event, o language.ScopeOptions) *language.Scope {
	o.Used, _ = s.scopes.Get().(*language.Scope)
	return s.Scope(r, ev, o)
}

// Return gives back a scope from Borrow, which nobody may use any more. It does
// nothing for nil. The scope keeps its event, because the next one is mostly
// about the same.
func (s *Set) Return(used *language.Scope) {
	if used != nil {
		s.scopes.Put(used)
	}
}

func (s *Set) constants() language.Constants { return language.Constants{Vars: s.Vars, Env: s.env} }

// resultsWith adds zero results for actions that have none yet. call is the
// number of the step whose chain they are in.
func (r *Rule) resultsWith(known map[string]any, call int) map[string]any {
	out := make(map[string]any, len(r.Actions))
	for _, a := range r.Actions {
		switch {
		case a.Call != call:
		case known[a.Name] != nil:
			out[a.Name] = known[a.Name]
		case a.noResult != nil:
			out[a.Name] = a.noResult
		}
	}
	return out
}

// result describes what the step returns.
func (s *Step) result() language.Result {
	switch {
	case s.Flow != nil && s.Flow.Kind == FlowCall:
		return language.ResultOfNames(s.Flow.Chain.Outputs)
	case s.NewResult == nil:
		return language.Result{}
	}
	return language.ResultOf(s.noResult)
}

// StepVocabulary returns the names that expressions of action i may use.
func (r *Rule) StepVocabulary(c *language.Compiler, i int) *language.Vocabulary {
	earlier, here := map[string]language.Result{}, r.Actions[i]
	for _, s := range r.Actions[:i] {
		if s.Call != here.Call {
			continue
		}
		earlier[s.Name] = s.result()
		if loop := s.Loop(); loop != nil && loop != here.Loop() {
			earlier[s.Name] = earlier[s.Name].List()
		}
	}
	w := c.ActionVocabulary(earlier, nil)
	r.addNames(w, here)
	return w
}

// addNames adds the names that a step of the rule has where it is.
func (r *Rule) addNames(w *language.Vocabulary, here *Step) {
	if here.Call > 0 {
		w.AddWindows(false, false)
		w.AddInputs(here.caller().Flow.Chain.Types())
	} else {
		w.AddWindows(r.Threshold != nil || r.Digest != nil, r.Throttle != nil)
		if r.Collect != nil {
			w.AddCollected(r.Collect.Names())
		}
	}
	if r.Schedule != nil {
		r.forbidMeeting(w)
	}
	if loop := here.Loop(); loop != nil && loop.Call == here.Call {
		w.AddEach(loop.Flow.List.Element())
	}
}

// Compiler returns a new compiler for expressions that use the vars and the
// environment of the set.
func (s *Set) Compiler() *language.Compiler {
	env := map[string]string{}
	for name, value := range s.env {
		env[name], _ = value.(string)
	}
	c := language.NewCompiler(env)
	c.SetVars(s.Vars)
	if s.Memory != nil {
		c.SetMemory(s.Memory.Types)
	}
	c.SetTables(s.tables)
	c.ShareAll(s.shared)
	return c
}
