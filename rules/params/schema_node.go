package params

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// SchemaNode is a JSON Schema with the keywords that rules files need.
type SchemaNode struct {
	Schema      string     `json:"$schema,omitempty"`
	ID          string     `json:"$id,omitempty"`
	Ref         string     `json:"$ref,omitempty"`
	Title       string     `json:"title,omitempty"`
	Description string     `json:"description,omitempty"`
	Type        any        `json:"type,omitempty"` // a name or a list of names
	Const       any        `json:"const,omitempty"`
	Enum        []any      `json:"enum,omitempty"`
	Pattern     string     `json:"pattern,omitempty"`
	MinLength   int        `json:"minLength,omitempty"`
	MinItems    int        `json:"minItems,omitempty"`
	Minimum     int        `json:"minimum,omitempty"`
	Maximum     int        `json:"maximum,omitempty"`
	Default     any        `json:"default,omitempty"`
	Examples    []any      `json:"examples,omitempty"`
	Properties  Properties `json:"properties,omitempty"`
	// Patterns are properties by a pattern of their names.
	Patterns Properties    `json:"patternProperties,omitempty"`
	Names    *SchemaNode   `json:"propertyNames,omitempty"`
	Rest     any           `json:"additionalProperties,omitempty"` // false or a *SchemaNode
	Required []string      `json:"required,omitempty"`
	Items    *SchemaNode   `json:"items,omitempty"`
	AnyOf    []*SchemaNode `json:"anyOf,omitempty"`
	OneOf    []*SchemaNode `json:"oneOf,omitempty"`
	Not      *SchemaNode   `json:"not,omitempty"`
	Defs     Properties    `json:"$defs,omitempty"`
}

// Property is a named schema.
type Property struct {
	Name string
	Node *SchemaNode
}

// Properties keep the order of the reference, in which editors offer them.
type Properties []Property

// MarshalJSON writes an object with its keys in order.
func (p Properties) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, x := range p {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := json.Marshal(x.Name)
		if err != nil {
			return nil, fmt.Errorf("encode the name %q: %w", x.Name, err)
		}
		node, err := PlainJSON(x.Node)
		if err != nil {
			return nil, fmt.Errorf("encode %q: %w", x.Name, err)
		}
		out.Write(name)
		out.WriteByte(':')
		out.Write(node)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// PlainJSON does not escape < and >, because examples contain addresses and
// HTML.
func PlainJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(out.Bytes(), "\n"), nil
}

// Described sets the description.
func (n *SchemaNode) Described(text string) *SchemaNode {
	n.Description = text
	return n
}

func RefTo(def string) *SchemaNode { return &SchemaNode{Ref: "#/$defs/" + def} }

// closed is an object with these properties and no others.
func closed(p Properties, required ...string) *SchemaNode {
	return &SchemaNode{Type: "object", Properties: p, Rest: false, Required: required}
}
