// Package remember has the actions that keep values for later runs: remember
// sets them, increment counts. The engine stores the changes in the transaction
// that stores the attempt, so that a run which is resumed does not count twice.
package remember

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/values"
)

// Kind describes the action that sets values.
func Kind() params.Kind {
	return params.Kind{
		Name: "remember",
		Doc: "Keeps values with the meeting, for later actions and for later runs of any rule: `memory.NAME`. " +
			"A value that is absent, such as `null`, is forgotten. Values below the name of a place in `memory:` belong to its key.",
		New:       func() params.Params { return &setParams{} },
		NewResult: func() any { return &Result{} },
		Timeout:   time.Minute,
		Keeps:     true,
	}
}

// Counter describes the action that adds to numbers.
func Counter() params.Kind {
	return params.Kind{
		Name: "increment",
		Doc: "Adds to numbers that are kept with the meeting; one that is absent counts as 0. No addition is lost " +
			"when several runs add at the same time. Numbers below the name of a place in `memory:` belong to its key.",
		New:       func() params.Params { return &addParams{} },
		NewResult: func() any { return &Result{} },
		Timeout:   time.Minute,
		Keeps:     true, Adds: true,
	}
}

// Result is the result of both actions. It is empty: what they remember is in
// memory.
type Result struct{}

type setParams struct {
	Values map[string]values.Value `yaml:",rest" doc:"A name and the value to remember, or the name of a place and a mapping of names and values." example:"\"${{ actions.create.body.id }}\""`
}

type addParams struct {
	Values map[string]values.Value `yaml:",rest" doc:"A name and the number to add, or the name of a place and a mapping of names and numbers." example:"1"`
}

// Build sorts the values by their places.
func (p *setParams) Build(memory any) (params.Action, error) { return build(p.Values, memory, false) }

// Build sorts the numbers by their places.
func (p *addParams) Build(memory any) (params.Action, error) { return build(p.Values, memory, true) }

// entry is one name to change.
type entry struct {
	place, name string // place is empty for the meeting
	value       values.Value
}

type action struct {
	entries []entry
	places  map[string]params.MemoryPlace
	add     bool
}

func build(given map[string]values.Value, memory any, add bool) (params.Action, error) {
	m, _ := memory.(*params.Memory)
	if m == nil {
		m = &params.Memory{}
	}
	a := &action{places: m.Places, add: add}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if _, place := m.Places[name]; !place {
			a.entries = append(a.entries, entry{name: name, value: given[name]})
			continue
		}
		members, _ := given[name].Members()
		for _, inner := range slices.Sorted(maps.Keys(members)) {
			a.entries = append(a.entries, entry{place: name, name: inner, value: members[inner]})
		}
	}
	return a, a.check()
}

// check refuses numbers that are certainly none.
func (a *action) check() error {
	var errs []error
	for _, e := range a.entries {
		kind := e.value.Kind()
		if a.add && kind != language.KindNumber && kind != language.KindAny {
			errs = append(errs, &params.FieldError{Field: e.path(), Err: fmt.Errorf("must be a number to add, not %s", kind), Hint: "write 1, or use remember to set a value"})
		}
	}
	return errors.Join(errs...)
}

func (e entry) path() string {
	if e.place == "" {
		return e.name
	}
	return e.place + "." + e.name
}

// Prepare evaluates the values and the keys of the places. The error names the
// value.
func (a *action) Prepare(s *language.Scope) (params.Effect, error) {
	out := &effect{shown: map[string]any{}, add: a.add}
	keys := map[string]event.MemoryKey{}
	for _, e := range a.entries {
		key, known := keys[e.place]
		if !known {
			var err error
			if key, err = a.key(s, e.place); err != nil {
				return nil, err
			}
			keys[e.place] = key
		}
		if err := out.set(s, e, key, a.places[e.place].Keep); err != nil {
			return nil, fmt.Errorf("%s: %w", e.path(), err)
		}
	}
	return out, nil
}

// key returns where the values of a place are kept.
func (a *action) key(s *language.Scope, place string) (event.MemoryKey, error) {
	if place == "" {
		key := event.MeetingMemory(s.Event.MeetingKey())
		if key == "" {
			return "", errors.New("this event has no meeting to remember something with")
		}
		return key, nil
	}
	key, err := a.places[place].KeyFor(s)
	if err == nil && key == "" {
		err = errors.New(a.places[place].Key.Source + " is absent, so there is nothing to remember this by")
	}
	if err != nil {
		return "", fmt.Errorf("key of %s: %w", place, err)
	}
	return key, nil
}

// effect is what changes for one event. Its JSON is like the action in the
// rule.
type effect struct {
	shown   map[string]any
	changes []change
	add     bool
}

type change struct {
	event.Remember
	keep  time.Duration
	value json.RawMessage // nil forgets it
}

// set adds the change of one name.
func (f *effect) set(s *language.Scope, e entry, key event.MemoryKey, keep time.Duration) error {
	if missing := e.value.Unknown(s); missing != nil {
		return missing
	}
	v, kind, err := e.value.RenderKind(s)
	if err != nil {
		return err
	}
	c := change{Remember: event.Remember{Key: key, Name: e.name, Kind: params.MemoryKind(kind)}, keep: keep}
	switch {
	case f.add && kind != language.KindNumber:
		return fmt.Errorf("must be a number to add, not %s", kind)
	case kind == language.KindNothing:
	case c.Kind == "":
		return fmt.Errorf("%s cannot be remembered", kind)
	default:
		if c.value, err = json.Marshal(v); err != nil {
			return errors.New("cannot be written as JSON")
		}
		if len(c.value) > event.MaxMemoryValue {
			return fmt.Errorf("is too large to be remembered: %d bytes of at most %d", len(c.value), event.MaxMemoryValue)
		}
	}
	f.changes = append(f.changes, c)
	into := f.shown
	if e.place != "" {
		if f.shown[e.place] == nil {
			f.shown[e.place] = map[string]any{}
		}
		into, _ = f.shown[e.place].(map[string]any)
	}
	into[e.name] = v
	return nil
}

// MarshalJSON shows the values as in the rule.
func (f *effect) MarshalJSON() ([]byte, error) { return json.Marshal(f.shown) }

// Changes implements params.Keeper.
func (f *effect) Changes(now time.Time) []event.Remember {
	out := make([]event.Remember, len(f.changes))
	for i, c := range f.changes {
		out[i] = c.Remember
		if c.keep > 0 {
			out[i].Expires = now.Add(c.keep)
		}
		out[i].Change = func(old json.RawMessage) (json.RawMessage, error) {
			if !f.add {
				return c.value, nil
			}
			return event.AddNumbers(old, c.value)
		}
	}
	return out
}

// Do is never called: the engine stores the changes.
func (f *effect) Do(context.Context, params.Delivery) (any, error) {
	return nil, errors.New("what is remembered is not sent")
}
