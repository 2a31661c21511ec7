package rules

import (
	"context"
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/sieve"
	"github.com/gavel-rules/gavel/rules/values"
)

// Verdict is the result of matching one rule with one event.
type Verdict struct {
	Rule    *Rule
	Matched bool
	// Err is set if the condition could not be evaluated, which is not the same
	// as false.
	Err error
}

// Match finds the rules that match the event, or could not be evaluated, in
// file order. In conditions, now() is the time the event was received.
func (s *Set) Match(ev *event.Event) []Verdict { return s.MatchWithin(context.Background(), ev) }

// MatchWithin is like Match. Conditions that were not evaluated before ctx
// ended have an error that wraps the error of ctx.
func (s *Set) MatchWithin(ctx context.Context, ev *event.Event) []Verdict {
	return s.MatchWith(ctx, ev, nil)
}

// Recollect reads what is remembered for the event that is matched, from
// Memory.Values.
type Recollect func() (map[string]any, error)

// MatchWith is like MatchWithin. recollect, if not nil, is called when the first
// condition needs memory; an error of it is that of each such condition.
func (s *Set) MatchWith(ctx context.Context, ev *event.Event, recollect Recollect) []Verdict {
	group, known := s.byType[ev.Type]
	if !known {
		group = s.patterns
	}
	if group == nil {
		return nil
	}
	m, _ := s.matches.Get().(*match)
	if m == nil {
		m = &match{}
	}
	m.start(ctx, s, ev)
	m.recollect = recollect
	var out []Verdict
	candidates := m.candidates(group)
	exact := known && !own.ForRule(ev.Type)
	for i, at := range candidates {
		if l := &group.list[at]; exact || l.rule.ListensTo(ev) {
			if matched, err := m.decide(l); matched || err != nil {
				ignored, unsure := m.ignored()
				if ignored {
					out = nil
					break
				}
				if err == nil && unsure != nil {
					matched, err = false, unsure
				}
				if out == nil {
					out = make([]Verdict, 0, min(len(candidates)-i, 8))
				}
				out = append(out, Verdict{Rule: l.rule, Matched: matched, Err: err})
			}
		}
	}
	m.end()
	s.matches.Put(m)
	return out
}

// match holds the state of matching one event with the rules.
type match struct {
	ctx    context.Context
	set    *Set
	ev     *event.Event
	values sieve.Values
	found  []int32
	scope  *language.Scope
	// running is whether scope holds the event.
	running bool
	// ignores is whether the event starts no run, once asked is set.
	ignores, asked bool
	unsure         error
	// recalled is whether memory and lost are what recollect returned.
	recalled  bool
	recollect Recollect
	memory    map[string]any
	lost      error
}

func (m *match) start(ctx context.Context, s *Set, ev *event.Event) {
	m.ctx, m.set, m.ev = ctx, s, ev
	m.ignores, m.asked, m.unsure = false, false, nil
	m.values.Reset(s.fields, ev)
}

// end forgets the event.
func (m *match) end() {
	m.ctx, m.set, m.ev = nil, nil, nil
	m.recalled, m.recollect, m.memory, m.lost = false, nil, nil, nil
	m.values.Forget()
	if m.running {
		m.scope.Empty()
		m.running = false
	}
}

// candidates returns the listeners that the event may match. If ctx has ended,
// it returns all of them, because each reports that error.
func (m *match) candidates(g *group) []int32 {
	if m.ctx.Err() == nil && m.ev.Type != own.TypeAbsence {
		m.found = g.index.Candidates(&m.values, m.found)
		return m.found
	}
	m.found = m.found[:0]
	for i := range g.list {
		m.found = append(m.found, int32(i))
	}
	return m.found
}

func (m *match) decide(l *listener) (bool, error) {
	if m.ev.Type == own.TypeAbsence {
		return true, nil // the condition is of what is awaited
	}
	return m.holds(l.rule.When, l.condition)
}

// holds reports whether the event fulfills a condition, of which sifted is what can
// be decided without running it; nil for no condition.
func (m *match) holds(when *values.Condition, sifted *sieve.Condition) (bool, error) {
	if sifted == nil {
		return true, nil
	}
	if m.ctx.Err() == nil {
		if v := sifted.Decide(&m.values); v != sieve.Unknown {
			return v == sieve.Yes, nil
		}
	}
	m.run()
	if when.UsesData() {
		m.scope.AddData()
	}
	if when.UsesMemory() {
		if m.recall(); m.lost != nil {
			return false, m.lost
		}
		m.scope.AddMemory(m.memory)
	}
	return when.Eval(m.scope)
}

// run fills the scope for conditions that must be run.
func (m *match) run() {
	if !m.running {
		m.scope = language.MatchScope(m.scope, m.ev, m.set.constants()).Within(m.ctx)
		m.running = true
	}
}

// ignored reports whether the event starts no run of any rule. It is asked once
// for an event that a rule matches.
func (m *match) ignored() (bool, error) {
	if m.set.Ignore == nil || m.asked || own.Is(m.ev.Type) {
		return m.ignores, m.unsure
	}
	m.asked = true
	if m.ctx.Err() == nil {
		if v := m.set.ignore.Decide(&m.values); v != sieve.Unknown {
			m.ignores = v == sieve.Yes
			return m.ignores, nil
		}
	}
	m.run()
	m.ignores, m.unsure = m.set.Ignores(m.scope)
	return m.ignores, m.unsure
}

// recall reads what is remembered, once for an event.
func (m *match) recall() {
	if m.recalled {
		return
	}
	m.recalled, m.memory = true, m.set.Memory.None()
	if m.recollect != nil {
		m.memory, m.lost = m.recollect()
	}
}

// MatchesType reports whether the rule listens to this type of event, even if
// the rule is disabled.
func (r *Rule) MatchesType(eventType string) bool { return matchesType(r.Events, eventType) }

func matchesType(patterns []string, eventType string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matchPattern(p, eventType) })
}

// ListensTo reports whether the rule listens to the event, even if the rule is
// disabled. An event that Gavel makes for one rule is for that rule alone.
func (r *Rule) ListensTo(ev *event.Event) bool {
	return r.MatchesType(ev.Type) && (!own.ForRule(ev.Type) || ev.Own.Rule == r.Name)
}

// Wants reports whether a rule that is turned on listens to this type of event, or
// awaits it.
func (s *Set) Wants(eventType string) bool {
	if slices.ContainsFunc(s.absences, func(r *Rule) bool {
		return matchesType(r.Absence.Of.Events, eventType) || r.Absence.Unless != nil && matchesType(r.Absence.Unless.Events, eventType)
	}) {
		return true
	}
	group, known := s.byType[eventType]
	if known || s.patterns == nil {
		return group != nil
	}
	return slices.ContainsFunc(s.patterns.list, func(l listener) bool { return l.rule.MatchesType(eventType) })
}

// matchPattern matches * with any text, including dots. Gavel's own events
// match only patterns that begin as their types do, and those for one rule none:
// "*" means what the source sends.
func matchPattern(pattern, s string) bool {
	before, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == s
	}
	if own.Is(s) && (!own.Is(before) || own.ForRule(s)) {
		return false
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

// group holds the rules that listen to one type of event, in file order.
type group struct {
	list  []listener
	index *sieve.Index
}

// listener is a rule with the part of its condition that can be decided without
// running it, or nil for a rule without a condition.
type listener struct {
	rule      *Rule
	condition *sieve.Condition
}

// sort maps each type of event to the rules that listen to it.
func (s *Set) sort() {
	s.fields, s.byType = sieve.NewFields(), map[string]*group{}
	exact := map[string][]int{} // rules by the types that they name
	var wild []int
	for i, r := range s.Rules {
		if r.Disabled {
			continue
		}
		if r.Absence != nil {
			s.absences = append(s.absences, r)
			for _, a := range []*Awaited{&r.Absence.Of, r.Absence.Unless} {
				if a != nil && a.When != nil {
					a.condition = a.When.Sift(s.fields, s.constants())
				}
			}
		}
		if slices.ContainsFunc(r.Events, isPattern) {
			wild = append(wild, i)
		}
		for _, e := range r.Events {
			if !isPattern(e) {
				exact[e] = append(exact[e], i)
			}
		}
	}
	for _, t := range event.Types() {
		if exact[t] == nil {
			exact[t] = []int{}
		}
	}
	if s.Ignore != nil {
		s.ignore = s.Ignore.Sift(s.fields, s.constants())
	}
	listeners := s.listeners()
	for t, list := range exact {
		for _, i := range wild {
			if s.Rules[i].MatchesType(t) {
				list = append(list, i)
			}
		}
		if len(list) > 0 {
			s.byType[t] = s.groupOf(list, listeners)
		} else {
			s.byType[t] = nil
		}
	}
	if len(wild) > 0 {
		s.patterns = s.groupOf(wild, listeners)
	}
}

// listeners returns all rules with the part of their conditions that can be
// decided without running them.
func (s *Set) listeners() []listener {
	out := make([]listener, len(s.Rules))
	for i, r := range s.Rules {
		out[i].rule = r
		if r.When != nil && !r.Disabled {
			out[i].condition = r.When.Sift(s.fields, s.constants())
		}
	}
	return out
}

// groupOf groups rules, each once and in file order.
func (s *Set) groupOf(list []int, all []listener) *group {
	slices.Sort(list)
	list = slices.Compact(list)
	g := &group{list: make([]listener, len(list))}
	conditions := make([]*sieve.Condition, len(list))
	for at, i := range list {
		g.list[at], conditions[at] = all[i], all[i].condition
	}
	g.index = s.fields.NewIndex(conditions)
	return g
}

func isPattern(s string) bool { return strings.Contains(s, "*") }
