package plan

import (
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// KnownResults decodes the stored results of finished actions.
func KnownResults(rule *rules.Rule, run *event.Run) map[string]any {
	if len(run.Results) == 0 {
		return nil
	}
	known := make(map[string]any, len(run.Results))
	for _, s := range rule.Actions {
		raw, ok := run.Results[s.ID]
		if !ok || s.NewResult == nil {
			continue
		}
		result := s.NewResult()
		if event.UnmarshalExact(raw, result) == nil {
			known[s.ID] = result
		}
	}
	return known
}

// usedResults is KnownResults for a rule that uses them, else nil.
func usedResults(rule *rules.Rule, run *event.Run) map[string]any {
	if !rule.UsesResults() {
		return nil
	}
	return KnownResults(rule, run)
}
