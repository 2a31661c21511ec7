package privacy

import (
	"encoding/json"

	"github.com/gavel-rules/gavel/event"
)

// Memory returns what expressions read as memory without texts. Whether a rule
// remembers a private value cannot be known, so all of them are hidden if there
// are private fields.
func (p Fields) Memory(values map[string]any) map[string]any {
	if len(p) == 0 || values == nil {
		return values
	}
	hidden, _ := hideTexts(values).(map[string]any)
	return hidden
}

// Remembered returns values without texts, as Memory does.
func (p Fields) Remembered(list []event.Remembered) []event.Remembered {
	if len(p) == 0 {
		return list
	}
	out := make([]event.Remembered, len(list))
	for i, r := range list {
		out[i] = r
		if r.Hidden() {
			continue // it has no value of an event
		}
		v, err := event.ReadJSON(r.Value)
		if err == nil && r.Kind != "time" {
			v = hideTexts(v)
		}
		if out[i].Value, err = json.Marshal(v); err != nil {
			out[i].Value = json.RawMessage(`"` + Redacted + `"`)
		}
	}
	return out
}

func hideTexts(v any) any {
	switch x := v.(type) {
	case string:
		if x != "" {
			return Redacted
		}
	case []any:
		out := make([]any, len(x))
		for i, item := range x {
			out[i] = hideTexts(item)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for name, item := range x {
			out[name] = hideTexts(item)
		}
		return out
	}
	return v
}

// GateForMemory hides the texts that expressions read as memory.
func GateForMemory(values map[string]any) *Gate {
	var secrets Secrets
	var collect func(v any)
	collect = func(v any) {
		switch x := v.(type) {
		case string:
			secrets.AddPrivate(x)
		case []any:
			for _, item := range x {
				collect(item)
			}
		case map[string]any:
			for _, item := range x {
				collect(item)
			}
		}
	}
	collect(values)
	return secrets.Gate()
}
