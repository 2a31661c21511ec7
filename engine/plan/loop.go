package plan

import (
	"encoding/json"
	"strconv"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// Loop is the stored state of a for_each: its elements, and which one is next.
// When it is done, only Of is left.
type Loop struct {
	List []json.RawMessage `json:"list,omitempty"`
	At   int               `json:"at"`
	Of   int               `json:"of"`
}

// Encode returns the state as JSON.
func (l Loop) Encode() json.RawMessage {
	raw, err := json.Marshal(l)
	if err != nil {
		return nil
	}
	return raw
}

// LoopOf returns the state of a loop that the run has reached.
func LoopOf(run *event.Run, s *rules.Step) (l Loop, reached bool) {
	raw, ok := run.Results[s.ID]
	if !ok || json.Unmarshal(raw, &l) != nil {
		return Loop{}, false
	}
	return l, true
}

// Again returns the state for the next element. It reports whether there is one.
func (l Loop) Again() (Loop, bool) {
	if l.At++; l.At < len(l.List) {
		return l, true
	}
	return Loop{At: l.Of, Of: l.Of}, false
}

// ElementID is the id of an action for one element of a for_each.
func ElementID(id string, element int) string { return id + "[" + strconv.Itoa(element) + "]" }

// StepID is the id of a step at this point of the run: within a for_each, that for
// its current element.
func StepID(run *event.Run, s *rules.Step) string {
	if loop := s.Loop(); loop != nil {
		l, _ := LoopOf(run, loop)
		return ElementID(s.ID, l.At)
	}
	return s.ID
}

// Words are the names that the next action of the run has besides those that all
// actions have; nil for none.
func Words(rule *rules.Rule, run *event.Run) map[string]any {
	loop := LoopAt(rule, run)
	if loop == nil {
		return nil
	}
	l, reached := LoopOf(run, loop)
	if !reached || l.At >= len(l.List) {
		return nil
	}
	return loop.Flow.EachWords(l.List[l.At], l.At)
}

// LoopAt is the for_each that the next action of the run is inside of.
func LoopAt(rule *rules.Rule, run *event.Run) *rules.Step {
	if !rule.Loops() || run.Next < 0 || run.Next >= len(rule.Actions) {
		return nil
	}
	return rule.Actions[run.Next].Loop()
}

// decoded returns the stored result of a step; nil if there is none.
func decoded(run *event.Run, s *rules.Step, id string) any {
	raw, ok := run.Results[id]
	if !ok || s.NewResult == nil {
		return nil
	}
	if s.Flow != nil {
		return returned(s, raw)
	}
	result := s.NewResult()
	if event.UnmarshalExact(raw, result) != nil {
		return nil
	}
	return result
}

// loopResults returns the results of an action of a for_each that has ended, one
// for each element. One that is missing is empty, or, if a reply can be unknown,
// makes all unknown: nil.
func loopResults(run *event.Run, s, loop *rules.Step, unknown bool) any {
	l, _ := LoopOf(run, loop)
	out := make([]any, l.Of)
	for i := range out {
		if out[i] = decoded(run, s, ElementID(s.ID, i)); out[i] == nil && unknown {
			return nil
		}
		if out[i] == nil {
			out[i] = s.NewResult()
		}
	}
	return out
}
