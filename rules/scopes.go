package rules

import (
	"github.com/expr-lang/expr/types"

	"github.com/gavel-rules/gavel/event"
)

// Scope returns the environment for rule r and event ev; r may be nil.
func (s *Set) Scope(r *Rule, ev *event.Event, o ScopeOptions) *Scope {
	out := newScope(ev, s.constants(), o)
	if r == nil {
		return out
	}
	if r.usesData {
		out.addData()
	}
	out.addResults(r.resultsWith(o.Results))
	return out
}

func (s *Set) constants() Constants { return Constants{Vars: s.Vars, Env: s.env} }

// resultsWith completes the results with zero ones.
func (r *Rule) resultsWith(known map[string]any) map[string]any {
	out := make(map[string]any, len(r.Actions))
	for _, a := range r.Actions {
		switch {
		case known[a.ID] != nil:
			out[a.ID] = known[a.ID]
		case a.NewResult != nil:
			out[a.ID] = a.NewResult()
		}
	}
	return out
}

// StepVocabulary is what expressions of action i of the rule see.
func (r *Rule) StepVocabulary(c *compiler, i int) *vocabulary {
	earlier := map[string]types.Type{}
	for _, s := range r.Actions[:i] {
		earlier[s.ID] = nil
		if s.NewResult != nil {
			earlier[s.ID] = types.TypeOf(s.NewResult())
		}
	}
	w := c.actionVocabulary(earlier, nil)
	w.addWindows(r.Threshold != nil || r.Digest != nil, r.Throttle != nil)
	return w
}

// Compiler returns a compiler of its own for expressions over the vars and the
// environment of the set.
func (s *Set) Compiler() *compiler {
	env := map[string]string{}
	for name, value := range s.env {
		env[name], _ = value.(string)
	}
	c := newCompiler(env)
	c.setVars(s.Vars)
	return c
}
