package plan

import (
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// KnownResults decodes the stored results of finished actions, as the next action
// of the run reads them, by the names they have for it: of a for_each that has ended, a list for each of its
// actions. unknown says that a result that is missing is not empty but not known.
func KnownResults(rule *rules.Rule, run *event.Run, unknown bool) map[string]any {
	if len(run.Results) == 0 && !rule.Loops() {
		return nil
	}
	known := make(map[string]any, len(run.Results))
	here, call := LoopAt(rule, run), 0
	if c := CallAt(rule, run); c != nil {
		call = c.Index + 1
	}
	for _, s := range rule.Actions {
		if s.NewResult == nil || s.Call != call {
			continue
		}
		var result any
		switch loop := s.Loop(); {
		case loop == nil:
			result = decoded(run, s, s.ID)
		case loop == here:
			result = decoded(run, s, StepID(run, s))
		default:
			result = loopResults(run, s, loop, unknown)
		}
		if result != nil {
			known[s.Name] = result
		}
	}
	return known
}
