package desk

import (
	"encoding/json"
	"slices"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/rules/explain"
)

// withoutPrivate removes what depends on private fields from an explanation:
// the same rules are asked about the event without these fields, and values
// that differ are hidden. Whether a rule matches is still shown.
func withoutPrivate(with *explain.Explainer, ev *event.Event, o explain.ExplainOptions, real *explain.Explanation, private privacy.Fields) (*explain.Explanation, error) {
	var secrets privacy.Secrets
	_, values, err := private.Hide(ev.Body)
	if err != nil {
		return nil, err
	}
	hidden, err := private.Event(ev)
	if err != nil {
		return nil, err
	}
	if o.Previous != nil {
		body, err := json.Marshal(map[string]any{"data": o.Previous})
		if err != nil {
			return nil, err
		}
		_, more, err := private.Hide(body)
		if err != nil {
			return nil, err
		}
		values = append(values, more...)
		o.Previous = nil
	}
	o.Windows = nil
	for _, r := range o.Remembered {
		values = append(values, textsIn(r.Value)...)
	}
	o.Remembered = private.Remembered(o.Remembered)
	secrets.AddPrivate(values...)
	h := &explanationHider{redact: secrets.Gate().Text}
	other := map[string]*explain.RuleExplanation{}
	for _, r := range with.Explain(hidden, o).Rules {
		other[r.Rule] = r
	}
	for _, r := range real.Rules {
		h.rule(r, other[r.Rule])
	}
	return real, nil
}

// textsIn returns the texts in a remembered value.
func textsIn(raw json.RawMessage) []string {
	var out []string
	var collect func(v any)
	collect = func(v any) {
		switch x := v.(type) {
		case string:
			out = append(out, x)
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
	if v, err := event.ReadJSON(raw); err == nil {
		collect(v)
	}
	return out
}

type explanationHider struct{ redact func(string) string }

func (h *explanationHider) rule(r, other *explain.RuleExplanation) {
	if other == nil {
		other = &explain.RuleExplanation{}
	}
	r.Reason, r.Held = h.redact(r.Reason), h.redact(r.Held)
	h.reading(r.When, other.When)
	h.reading(r.Ignored, other.Ignored)
	for _, w := range r.Windows {
		w.Reason, w.Key = h.redact(w.Reason), h.redact(w.Key)
	}
	actions := map[string]*explain.ActionExplanation{}
	for _, a := range other.Actions {
		actions[a.ID] = a
	}
	for _, a := range r.Actions {
		alike := actions[a.ID]
		if alike == nil {
			alike = &explain.ActionExplanation{}
		}
		a.Reason = h.redact(a.Reason)
		h.reading(a.When, alike.When)
		if len(a.Effect) == 0 {
			continue
		}
		if a.Effect = alike.Effect; a.Effect == nil {
			a.Effect = json.RawMessage(`{"hidden":"contains fields that are not shown"}`)
		}
	}
}

// reading hides the values of r that differ from other, which was read from
// the event without its private fields.
func (h *explanationHider) reading(r, other *explain.Reading) {
	if r == nil {
		return
	}
	r.Error = h.redact(r.Error)
	plain := slices.Contains([]string{"", "true", "false", "null"}, string(r.Value))
	if same := other != nil && other.State == r.State && string(other.Value) == string(r.Value); !plain && !same {
		r.Value, r.Clipped = json.RawMessage(`"`+privacy.Redacted+`"`), false
	}
	alike := map[string]*explain.Reading{}
	if other != nil {
		for _, p := range other.Parts {
			alike[p.Source] = p
		}
	}
	for _, p := range r.Parts {
		h.reading(p, alike[p.Source])
	}
}
