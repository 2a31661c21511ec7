package plan

import (
	"encoding/json"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/chains"
	"github.com/gavel-rules/gavel/rules/language"
)

// GivenID is the name under which a run keeps what a step gives to its chain,
// within a for_each for its current element.
func GivenID(run *event.Run, call *rules.Step) string {
	if loop := call.Loop(); loop != nil {
		l, _ := LoopOf(run, loop)
		return ElementID(call.ID+givenMark, l.At)
	}
	return call.ID + givenMark
}

// givenMark is not part of any id of an action.
const givenMark = "#inputs"

// Place adds to the inputs of a scope what the next action of the run sees where
// it is in its rule: results of the actions beside it, the element of a for_each,
// the inputs of a chain. unknown is that of KnownResults.
func Place(o *language.ScopeOptions, rule *rules.Rule, run *event.Run, unknown bool) {
	if rule.UsesResults() {
		o.Results = KnownResults(rule, run, unknown)
	}
	PlaceWords(o, rule, run)
}

// PlaceWords is Place without results.
func PlaceWords(o *language.ScopeOptions, rule *rules.Rule, run *event.Run) {
	o.Words = Words(rule, run)
	if call := CallAt(rule, run); call != nil {
		given, _ := chains.GivenOf(run.Results[GivenID(run, call)])
		o.Call, o.Inputs = call.Index+1, call.Flow.Chain.Words(given)
	}
}

// CallAt is the step that uses the chain that the next action of the run is in;
// nil for none.
func CallAt(rule *rules.Rule, run *event.Run) *rules.Step {
	if !rule.Calls() || run.Next < 0 || run.Next >= len(rule.Actions) || rule.Actions[run.Next].Call == 0 {
		return nil
	}
	return rule.Actions[rule.Actions[run.Next].Call-1]
}

// MarkID is the name under which a run keeps why it is not certain what a step
// does.
func MarkID(run *event.Run, s *rules.Step) string {
	if s.Flow != nil && s.Flow.Kind == rules.FlowCall {
		return GivenID(run, s)
	}
	return s.ID
}

// returned reads what a chain has returned.
func returned(s *rules.Step, raw json.RawMessage) any {
	if out, ok := s.Flow.Chain.Returned(raw); ok {
		return out
	}
	return nil
}
