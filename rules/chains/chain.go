// Package chains has what a chain, a named sequence of actions, is given and
// returns: names with types, and their values as a run keeps them.
package chains

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/values"
)

// MaxNames is how many inputs, or outputs, a chain can have.
const MaxNames = 50

// maxSize is how large the inputs, or the outputs, of one use of a chain can be,
// in bytes of JSON.
const maxSize = 256 << 10

// Chain is a named sequence of actions as those that use it see it.
type Chain struct {
	Name   string
	Pos    text.Position
	Inputs []Input
	// Outputs are the types of what it returns, by name.
	Outputs language.Memory
	// Checked says that its steps have been checked, and Outputs is complete.
	Checked bool
}

// Input is a value that a chain is given. One that is not optional is never
// absent.
type Input struct {
	Name     string
	Kind     language.Kind
	Optional bool
}

// Types lists how the types of inputs are written.
func Types() []string { return []string{"text", "number", "bool", "time", "list", "object", "any"} }

// TypeOf reads a type such as "text" or, for an optional input, "optional text".
// "text?" means the same, but cannot be written in braces: there YAML ends the
// text at the question mark.
func TypeOf(written string) (kind language.Kind, optional, ok bool) {
	name, optional := strings.CutPrefix(written, "optional ")
	if !optional {
		name, optional = strings.CutSuffix(written, "?")
	}
	kind, ok = map[string]language.Kind{
		"text": language.KindText, "number": language.KindNumber, "bool": language.KindBool, "time": language.KindTime,
		"list": language.KindList, "object": language.KindObject, "any": language.KindAny,
	}[name]
	return kind, optional, ok
}

// Types are the types of the inputs by name.
func (c *Chain) Types() language.Memory {
	out := language.Memory{}
	for _, in := range c.Inputs {
		out[in.Name] = in.Kind
	}
	return out
}

// Given is what one use of a chain was given, as its run keeps it.
type Given struct {
	Inputs map[string]json.RawMessage `json:"inputs"`
	// Unknown are the inputs of a preview that need the result of an action.
	Unknown map[string]string `json:"unknown,omitempty"`
	// Unsure says why it is not certain, in a shadow run, that the chain is used.
	Unsure string `json:"unsure,omitempty"`
}

// Give evaluates what a use of the chain gives to it.
func (c *Chain) Give(with map[string]values.Value, s *language.Scope) (Given, error) {
	out, size := Given{Inputs: map[string]json.RawMessage{}}, 0
	for _, in := range c.Inputs {
		v, given := with[in.Name]
		if !given {
			continue
		}
		if missing := v.Unknown(s); missing != nil {
			if out.Unknown == nil {
				out.Unknown = map[string]string{}
			}
			out.Unknown[in.Name] = cmp.Or(missing.Action, missing.Window)
			continue
		}
		raw, err := in.value(v, s)
		if err != nil {
			return Given{}, err
		}
		if size += len(raw); size > maxSize {
			return Given{}, fmt.Errorf("the inputs of chain %s are larger than %d KiB; nothing was sent", text.Quote(c.Name), maxSize>>10)
		}
		if raw != nil {
			out.Inputs[in.Name] = raw
		}
	}
	return out, nil
}

// value evaluates one input. It returns nil for one that is absent.
func (in Input) value(v values.Value, s *language.Scope) (json.RawMessage, error) {
	x, kind, err := v.RenderKind(s)
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", text.Quote(in.Name), err)
	}
	if x == nil || x == "" {
		if !in.Optional {
			return nil, fmt.Errorf("input %s is absent; nothing was sent by the chain", text.Quote(in.Name))
		}
		return nil, nil
	}
	if in.Kind != language.KindAny && kind != in.Kind && !(in.Kind == language.KindTime && isTime(x)) {
		return nil, fmt.Errorf("input %s must be %s, but this is %s", text.Quote(in.Name), in.Kind, kind)
	}
	raw, err := eval.JsonText(x)
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", text.Quote(in.Name), err)
	}
	return json.RawMessage(raw), nil
}

// isTime reports whether a value is the text of a time, as in a reply.
func isTime(v any) bool {
	written, ok := v.(string)
	if !ok {
		return false
	}
	_, err := time.Parse(time.RFC3339Nano, written)
	return err == nil
}

// Words are the inputs as the steps of the chain see them.
func (c *Chain) Words(g Given) *language.Inputs {
	return &language.Inputs{Values: read(c.Types(), g.Inputs), Unknown: g.Unknown}
}

// Encode returns it as JSON.
func (g Given) Encode() json.RawMessage {
	raw, err := json.Marshal(g)
	if err != nil {
		return nil
	}
	return raw
}

// GivenOf reads what Encode wrote.
func GivenOf(raw json.RawMessage) (g Given, ok bool) {
	return g, len(raw) > 0 && json.Unmarshal(raw, &g) == nil
}

// Return evaluates what the chain returns. unknown is what a preview does not
// know of it, or nil.
func Return(outputs map[string]values.Value, s *language.Scope) (raw json.RawMessage, unknown *language.UnknownError, err error) {
	out := make(map[string]any, len(outputs))
	for name, v := range outputs {
		if unknown := v.Unknown(s); unknown != nil {
			return nil, unknown, nil
		}
		if out[name], _, err = v.RenderKind(s); err != nil {
			return nil, nil, fmt.Errorf("output %s: %w", text.Quote(name), err)
		}
	}
	written, err := eval.JsonText(out)
	if err == nil && len(written) > maxSize {
		err = fmt.Errorf("the outputs of the chain are larger than %d KiB", maxSize>>10)
	}
	return json.RawMessage(written), nil, err
}

// Returned reads the outputs that a run keeps.
func (c *Chain) Returned(raw json.RawMessage) (map[string]any, bool) {
	var all map[string]json.RawMessage
	if json.Unmarshal(raw, &all) != nil {
		return nil, false
	}
	return read(c.Outputs, all), true
}

// Nothing is what a chain returns that was not used, or has failed.
func (c *Chain) Nothing() map[string]any { return read(c.Outputs, nil) }

// read reads values of these types; what is not there, or of another type, is
// absent.
func read(types language.Memory, raw map[string]json.RawMessage) map[string]any {
	out := make(map[string]any, len(types))
	for name, of := range types {
		kind, _ := of.(language.Kind)
		out[name] = kind.Absent()
		v, err := event.ReadJSON(raw[name])
		if len(raw[name]) == 0 || err != nil || v == nil {
			continue
		}
		switch written, isText := v.(string); {
		case kind == language.KindTime:
			if at, err := time.Parse(time.RFC3339Nano, written); err == nil && isText {
				out[name] = at
			}
		case kind == language.KindAny || language.KindOfValue(v) == kind:
			out[name] = v
		}
	}
	return out
}
