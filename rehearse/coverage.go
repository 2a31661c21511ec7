package rehearse

import (
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/explain"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/text"
)

// Coverage records which rules, and which parts of their conditions, the events
// of tests reach.
type Coverage struct {
	set     *rules.Set
	explain *explain.Explainer
	rules   []*RuleCoverage
	byRule  map[*rules.Rule]*RuleCoverage
}

// RuleCoverage is the coverage of one rule.
type RuleCoverage struct {
	Rule    string        `json:"rule"`
	Pos     text.Position `json:"position"`
	Matched bool          `json:"matched"`
	Refused bool          `json:"refused"` // an event of its type did not match
	// Branches are the comparisons of the condition with the values they had.
	Branches []explain.Branch `json:"branches,omitempty"`
}

// NewCoverage returns an empty Coverage of a set, without its disabled rules.
func NewCoverage(set *rules.Set) *Coverage {
	c := &Coverage{set: set, explain: explain.New(set), byRule: map[*rules.Rule]*RuleCoverage{}}
	for _, r := range set.Rules {
		if r.Disabled {
			continue
		}
		rc := &RuleCoverage{Rule: r.Name, Pos: r.Pos, Branches: c.explain.Branches(r, nil, nil)}
		c.rules = append(c.rules, rc)
		c.byRule[r] = rc
	}
	return c
}

func (c *Coverage) saw(ev *event.Event, remembered []event.Remembered) {
	for r, rc := range c.byRule {
		if !r.ListensTo(ev) {
			continue
		}
		matched := r.When == nil
		if r.When != nil {
			reading := c.explain.Condition(r, ev, remembered)
			matched = reading.True()
			rc.Refused = rc.Refused || reading.False()
			for i, b := range c.explain.Branches(r, ev, remembered) {
				rc.Branches[i].True = rc.Branches[i].True || b.True
				rc.Branches[i].False = rc.Branches[i].False || b.False
			}
		}
		rc.Matched = rc.Matched || matched
	}
}

// Rules lists the rules in file order.
func (c *Coverage) Rules() []*RuleCoverage { return c.rules }

// Gaps describes what no test has reached.
func (r *RuleCoverage) Gaps() []string {
	if !r.Matched {
		return []string{"no test makes it match"}
	}
	var out []string
	for _, b := range r.Branches {
		switch {
		case !b.True && !b.False:
			out = append(out, "never evaluated: "+b.Source)
		case !b.True:
			out = append(out, "never true: "+b.Source)
		case !b.False:
			out = append(out, "never false: "+b.Source)
		}
	}
	return out
}

// ignores reports whether an event starts no run of any rule of a set.
func ignores(set *rules.Set, ev *event.Event) bool {
	ignored, err := set.Ignores(set.Scope(nil, ev, language.ScopeOptions{Now: ev.Received}))
	return err == nil && ignored
}
