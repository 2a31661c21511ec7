package rules

import (
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
)

// Memory is what the rules of a set remember: names with their types, and
// places with keys of their own.
type Memory struct {
	// Types by name; those of a place are a language.Memory.
	Types  language.Memory
	Places map[string]params.MemoryPlace

	none map[string]any // what expressions read if nothing is remembered
}

// None is what expressions read if nothing is remembered. Nobody changes it.
func (m *Memory) None() map[string]any {
	if m == nil {
		return nil
	}
	return m.none
}

// For returns what actions need to remember.
func (m *Memory) For() *params.Memory { return &params.Memory{Places: m.Places} }

// MemoryKeys are the keys that memory has for one event: that of its meeting
// under an empty name, those of places under their names.
type MemoryKeys map[string]event.MemoryKey

// List returns the keys that are not empty.
func (k MemoryKeys) List() []event.MemoryKey {
	var out []event.MemoryKey
	for _, key := range k {
		if key != "" {
			out = append(out, key)
		}
	}
	return out
}

// Keys returns the keys for the event of a scope.
func (m *Memory) Keys(s *language.Scope) (MemoryKeys, error) {
	out := MemoryKeys{"": event.MeetingMemory(s.Event.MeetingKey())}
	for name, place := range m.Places {
		key, err := place.KeyFor(s)
		if err != nil {
			return nil, fmt.Errorf("key of memory.%s: %w", name, err)
		}
		out[name] = key
	}
	return out, nil
}

// Values returns what expressions read as memory at a time. A value of another
// type than these rules remember is absent. The error says which value cannot
// be read.
func (m *Memory) Values(keys MemoryKeys, list []event.Remembered, now time.Time) (map[string]any, error) {
	out := absentMemory(m.Types)
	for place, key := range keys {
		into, types := out, m.Types
		if place != "" {
			into, _ = out[place].(map[string]any)
			types, _ = m.Types[place].(language.Memory)
		}
		for i := range list {
			r := &list[i]
			kind, known := types[r.Name].(language.Kind)
			if r.Key != key || !known || r.Expired(now) {
				continue
			}
			if r.Damage != "" {
				return nil, fmt.Errorf("memory %q cannot be read: %s", r.Name, r.Damage)
			}
			if v, ok := readMemory(kind, r); ok {
				into[r.Name] = v
			}
		}
	}
	return out, nil
}

// absentMemory has a value for every name, so that an absent one means the same
// as in a field of an event.
func absentMemory(types language.Memory) map[string]any {
	out := make(map[string]any, len(types))
	for name, what := range types {
		switch x := what.(type) {
		case language.Memory:
			out[name] = absentMemory(x)
		case language.Kind:
			out[name] = x.Absent()
		}
	}
	return out
}

func readMemory(kind language.Kind, r *event.Remembered) (any, bool) {
	if kind != language.KindAny && params.MemoryKind(kind) != r.Kind {
		return nil, false
	}
	v, err := event.ReadJSON(r.Value)
	if err != nil {
		return nil, false
	}
	if text, ok := v.(string); ok && r.Kind == params.MemoryKind(language.KindTime) {
		at, err := time.Parse(time.RFC3339Nano, text)
		return at, err == nil
	}
	return v, true
}
