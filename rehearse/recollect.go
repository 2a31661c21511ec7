package rehearse

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/suite"
	"github.com/gavel-rules/gavel/rules/text"
)

// keys returns the keys of memory for an event.
func (s *Stage) keys(ev *event.Event) (rules.MemoryKeys, error) {
	return s.set.Memory.Keys(s.set.Scope(nil, ev, language.ScopeOptions{Now: s.now}))
}

// remember keeps what a test gives, for an event.
func (p *play) remember(ev *event.Event, given *suite.Memory) error {
	if given == nil {
		return nil
	}
	if !p.knowNames(given) {
		return fmt.Errorf("the memory given is not one of these rules")
	}
	return p.stage.remember(ev, given.Values)
}

// remember keeps values, by name and below the names of places, for an event.
func (s *Stage) remember(ev *event.Event, values map[string]any) error {
	if len(values) == 0 {
		return nil
	}
	keys, err := s.keys(ev)
	if err != nil {
		return err
	}
	m := s.set.Memory
	return eachName(values, m, func(place, name string, value any) error {
		if keys[place] == "" {
			return fmt.Errorf("the event has no key for memory.%s", join(place, name))
		}
		raw, err := json.Marshal(value)
		if err != nil || value == nil {
			return err
		}
		r := event.Remembered{Key: keys[place], Name: name, Kind: kindGiven(m, place, name, value), Value: raw, Rule: "the test", Updated: s.now}
		if keep := m.Places[place].Keep; keep > 0 {
			r.Expires = s.now.Add(keep)
		}
		s.store.Remember(r)
		return nil
	})
}

// MemoryAsGiven returns what is remembered for an event as a test gives it: what
// was changed last before a time. What was changed later is not known any more.
func MemoryAsGiven(set *rules.Set, ev *event.Event, list []event.Remembered, before time.Time) map[string]any {
	if set.Memory == nil {
		return nil
	}
	keys, err := set.Memory.Keys(set.Scope(nil, ev, language.ScopeOptions{Now: ev.Received}))
	if err != nil {
		return nil
	}
	out := map[string]any{}
	for place, key := range keys {
		for i := range list {
			r := &list[i]
			_, known := namesOf(set.Memory, place)[r.Name].(language.Kind)
			v, err := event.ReadJSON(r.Value)
			if r.Key != key || !known || err != nil || !r.Updated.Before(before) || r.Expired(before) {
				continue
			}
			into := out
			if place != "" {
				if out[place] == nil {
					out[place] = map[string]any{}
				}
				into, _ = out[place].(map[string]any)
			}
			into[r.Name] = v
		}
	}
	return out
}

// kindGiven is the type that rules remember a name as, or that of the value.
func kindGiven(m *rules.Memory, place, name string, value any) string {
	if kind, ok := namesOf(m, place)[name].(language.Kind); ok && params.MemoryKind(kind) != "" {
		return params.MemoryKind(kind)
	}
	return params.MemoryKind(language.KindOfValue(value))
}

func namesOf(m *rules.Memory, place string) language.Memory {
	if place == "" {
		return m.Types
	}
	names, _ := m.Types[place].(language.Memory)
	return names
}

// eachName calls do for every name, also those below places.
func eachName(values map[string]any, m *rules.Memory, do func(place, name string, value any) error) error {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if _, place := m.Places[name]; !place {
			if err := do("", name, values[name]); err != nil {
				return err
			}
			continue
		}
		below, _ := values[name].(map[string]any)
		for _, inner := range slices.Sorted(maps.Keys(below)) {
			if err := do(name, inner, below[inner]); err != nil {
				return err
			}
		}
	}
	return nil
}

// knowNames reports names in a test that no rule remembers.
func (p *play) knowNames(given *suite.Memory) bool {
	found := len(p.findings)
	if p.set.Memory == nil {
		p.findings = append(p.findings, p.suite.Finding(given.Pos, "no rule remembers anything", "remove it"))
		return false
	}
	_ = eachName(given.Values, p.set.Memory, func(place, name string, _ any) error { // never fails
		names := namesOf(p.set.Memory, place)
		if _, ok := names[name]; !ok {
			known := slices.Collect(maps.Keys(names))
			p.findings = append(p.findings, p.suite.Finding(given.Pos, fmt.Sprintf("no rule remembers %q", join(place, name)), text.Suggest(name, known)))
		}
		return nil
	})
	return len(p.findings) == found
}

func join(place, name string) string {
	if place == "" {
		return name
	}
	return place + "." + name
}

// judgeMemory compares what is remembered for the last event with what the test
// expects; other names are not compared.
func (p *play) judgeMemory(want *suite.Memory) {
	switch {
	case want == nil || !p.knowNames(want):
		return
	case p.last == nil:
		p.fail(want.Pos, "nothing can be remembered before the first event", "")
		return
	}
	now, err := p.stage.remembered(p.last)
	if err != nil {
		p.fail(want.Pos, "memory cannot be read: "+err.Error(), "")
		return
	}
	var expected, got []string
	_ = eachName(want.Values, p.set.Memory, func(place, name string, value any) error { // never fails
		expected = append(expected, line(place, name, value))
		got = append(got, line(place, name, now[join(place, name)]))
		return nil
	})
	if !slices.Equal(expected, got) {
		p.fail(want.Pos, "not remembered as expected", lineDiff(expected, got))
	}
}

func line(place, name string, value any) string {
	if value == nil {
		return join(place, name) + ": nothing"
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return join(place, name) + ": " + err.Error()
	}
	return join(place, name) + ": " + string(raw)
}

// remembered returns what is remembered for an event now, by path.
func (s *Stage) remembered(ev *event.Event) (map[string]any, error) {
	keys, err := s.keys(ev)
	if err != nil {
		return nil, err
	}
	list, err := s.store.Memories(context.Background(), keys.List())
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	for place, key := range keys {
		for _, r := range list {
			if r.Key == key && !r.Expired(s.now) {
				if out[join(place, r.Name)], err = event.ReadJSON(r.Value); err != nil {
					return nil, err
				}
			}
		}
	}
	return out, nil
}
