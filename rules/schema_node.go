package rules

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// schemaNode is one JSON Schema. Only the keywords that the rules file needs
// are here.
type schemaNode struct {
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
	Properties  properties `json:"properties,omitempty"`
	// Patterns are properties by a pattern of their names.
	Patterns properties    `json:"patternProperties,omitempty"`
	Names    *schemaNode   `json:"propertyNames,omitempty"`
	Rest     any           `json:"additionalProperties,omitempty"` // false or a *schemaNode
	Required []string      `json:"required,omitempty"`
	Items    *schemaNode   `json:"items,omitempty"`
	AnyOf    []*schemaNode `json:"anyOf,omitempty"`
	OneOf    []*schemaNode `json:"oneOf,omitempty"`
	Not      *schemaNode   `json:"not,omitempty"`
	Defs     properties    `json:"$defs,omitempty"`
}

// property is a named schema.
type property struct {
	name string
	node *schemaNode
}

// properties keep the order in which the reference describes them, which is
// the order in which an editor offers them.
type properties []property

// MarshalJSON writes an object with its keys in order.
func (p properties) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, x := range p {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := json.Marshal(x.name)
		if err != nil {
			return nil, fmt.Errorf("encode the name %q: %w", x.name, err)
		}
		node, err := plainJSON(x.node)
		if err != nil {
			return nil, fmt.Errorf("encode %q: %w", x.name, err)
		}
		out.Write(name)
		out.WriteByte(':')
		out.Write(node)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// plainJSON leaves < and > as they are: examples hold addresses and HTML.
func plainJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(out.Bytes(), "\n"), nil
}

// described adds words to a schema.
func (n *schemaNode) described(text string) *schemaNode {
	n.Description = text
	return n
}

func refTo(def string) *schemaNode { return &schemaNode{Ref: "#/$defs/" + def} }

// closed is an object with these properties and no others.
func closed(p properties, required ...string) *schemaNode {
	return &schemaNode{Type: "object", Properties: p, Rest: false, Required: required}
}
