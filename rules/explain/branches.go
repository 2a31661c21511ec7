package explain

import (
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// Branch is one comparison of a condition, between its and, or and not, and
// its result.
type Branch struct {
	Source string `json:"source"`
	True   bool   `json:"true"`
	False  bool   `json:"false"`
}

// Branches returns the comparisons of a rule's condition in order, with their
// results for ev, if it is not nil. A comparison that is not evaluated is
// neither true nor false.
func (x *Explainer) Branches(r *rules.Rule, ev *event.Event, remembered []event.Remembered) []Branch {
	if r.When == nil {
		return nil
	}
	var reading *Reading
	if ev != nil {
		reading = x.Condition(r, ev, remembered)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	p, ok := x.probes[r.When]
	if !ok {
		p = dissect(x.comp, r.When.Source, x.comp.MatchVocabulary())
		x.probes[r.When] = p
	}
	return p.branches(reading, nil)
}

func (p *probe) branches(r *Reading, out []Branch) []Branch {
	if p.logic != "and" && p.logic != "or" && p.logic != "not" || len(p.parts) == 0 {
		b := Branch{Source: p.source}
		if r != nil {
			b.True, b.False = r.True(), r.False()
		}
		return append(out, b)
	}
	for i, part := range p.parts {
		var inner *Reading
		if r != nil && i < len(r.Parts) {
			inner = r.Parts[i]
		}
		out = part.branches(inner, out)
	}
	return out
}
