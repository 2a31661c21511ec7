package rules

import (
	"context"
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language"
)

// Verdict is what one rule says of one event.
type Verdict struct {
	Rule    *Rule
	Matched bool
	// Err is set when the condition could not be evaluated; that is not the
	// same as false.
	Err error
}

// Match evaluates every rule that could match the event's type, in file
// order, and returns those that matched or could not be evaluated. The clock
// of the conditions is the moment the event was received.
func (s *Set) Match(ev *event.Event) []Verdict { return s.MatchWithin(context.Background(), ev) }

// MatchWithin is Match as long as ctx lasts: conditions that there was no time
// for are errors that wrap that of ctx.
func (s *Set) MatchWithin(ctx context.Context, ev *event.Event) []Verdict {
	rules, ok := s.byType[ev.Type]
	if !ok {
		rules = s.patterns
	}
	var (
		out   []Verdict
		scope *language.Scope
	)
	for _, r := range rules {
		if !ok && !r.MatchesType(ev.Type) {
			continue
		}
		if r.When == nil {
			out = append(out, Verdict{Rule: r, Matched: true})
			continue
		}
		if scope == nil {
			used, _ := s.scopes.Get().(*language.Scope)
			scope = language.MatchScope(used, ev, s.constants()).Within(ctx)
		}
		if r.When.UsesData() {
			scope.AddData()
		}
		matched, err := r.When.Eval(scope)
		if matched || err != nil {
			out = append(out, Verdict{Rule: r, Matched: matched, Err: err})
		}
	}
	if scope != nil {
		scope.Empty()
		s.scopes.Put(scope)
	}
	return out
}

// MatchesType reports whether the rule listens to this type of event. A
// disabled rule still says which types it is about.
func (r *Rule) MatchesType(eventType string) bool {
	return slices.ContainsFunc(r.Events, func(p string) bool { return matchPattern(p, eventType) })
}

// matchPattern matches * with any text, dots included.
func matchPattern(pattern, s string) bool {
	before, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == s
	}
	if !strings.HasPrefix(s, before) {
		return false
	}
	s = s[len(before):]
	for {
		middle, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(s, middle)
		}
		i := strings.Index(s, middle)
		if i < 0 {
			return false
		}
		s, rest = s[i+len(middle):], after
	}
}

// index sorts the rules by the types of event they listen to.
func (s *Set) index() {
	s.byType = map[string][]*Rule{}
	types := event.Types()
	for _, r := range s.Rules {
		if r.Disabled {
			continue
		}
		if slices.ContainsFunc(r.Events, isPattern) {
			s.patterns = append(s.patterns, r)
		}
		for _, e := range r.Events {
			if !isPattern(e) {
				types = append(types, e)
			}
		}
	}
	for _, r := range s.Rules {
		if r.Disabled {
			continue
		}
		for _, e := range r.Events {
			if !isPattern(e) {
				s.addToType(e, r)
			}
		}
		if slices.ContainsFunc(r.Events, isPattern) {
			for _, t := range types {
				if r.MatchesType(t) {
					s.addToType(t, r)
				}
			}
		}
	}
}

// addToType keeps each list in file order and without repeats: rules come in
// file order, so a repeat is always the last one.
func (s *Set) addToType(eventType string, r *Rule) {
	list := s.byType[eventType]
	if len(list) > 0 && list[len(list)-1] == r {
		return
	}
	s.byType[eventType] = append(list, r)
}

func isPattern(s string) bool { return strings.Contains(s, "*") }
