package plan

import (
	"encoding/json"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// doubt is the stored result of a group or a stop of a shadow run whose
// condition depends on a reply that is not known.
type doubt struct {
	Unsure string `json:"unsure"`
}

// Unsure encodes why it is not certain what a group or a stop does.
func Unsure(why string) json.RawMessage {
	raw, err := json.Marshal(doubt{why})
	if err != nil {
		return nil
	}
	return raw
}

func doubtOf(run *event.Run, s *rules.Step) string {
	raw, ok := run.Results[MarkID(run, s)]
	if !ok || s.Flow == nil {
		return ""
	}
	var d doubt
	if json.Unmarshal(raw, &d) != nil {
		return ""
	}
	return d.Unsure
}

// Doubt says why it is not certain whether a shadow run reaches a step: because
// of a group around it, or of a stop before it. It is empty if it is certain.
func Doubt(rule *rules.Rule, run *event.Run, s *rules.Step) string {
	for p := s.Parent; p != nil; p = p.Parent {
		if why := doubtOf(run, p); why != "" {
			return why
		}
	}
	for _, before := range rule.Actions[:s.Index] {
		if before.Flow != nil && before.Flow.Kind == rules.FlowStop {
			if why := doubtOf(run, before); why != "" {
				return why
			}
		}
	}
	return ""
}

// BothBranches returns where a shadow run continues after step s instead of next:
// if it is not certain which branch of a group is taken, it goes through both.
func BothBranches(run *event.Run, s *rules.Step, next int) int {
	for p := s.Parent; p != nil; p = p.Parent {
		if p.Flow.Kind != rules.FlowGroup {
			continue
		}
		leaves := next <= p.Index || next >= p.Else
		if p.Flow.HasElse && s.Index < p.Else && leaves && doubtOf(run, p) != "" {
			return p.Else
		}
	}
	return next
}
