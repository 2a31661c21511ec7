package rules

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/gavel-rules/gavel/event"
)

// Schema returns the JSON Schema (2020-12) of a rules file for the given kinds
// of actions and connections, made from their parameter structs. Editors
// complete and check by it; what only Load can know, such as the types inside
// an expression, it lets pass.
func Schema(kinds Kinds) ([]byte, error) {
	root := &schemaNode{
		Schema:      "https://json-schema.org/draft/2020-12/schema",
		Title:       "Gavel rules",
		Description: "Rules that turn meeting events into actions. A value is put in place with ${{ expression }}.",
		Type:        "object",
		Properties: properties{
			{"connections", connectionsSchema(kinds)},
			{"vars", varsSchema()},
			{"rules", (&schemaNode{Type: "array", Items: refTo("rule")}).described("The rules, in the order in which they are tried.")},
		},
		Patterns: properties{{"^x-", (&schemaNode{}).described("Yours to use, for example for YAML anchors.")}},
		Rest:     false,
	}
	// null keeps an empty section possible, as Load does.
	for _, p := range root.Properties {
		p.node.Type = []string{p.node.Type.(string), "null"}
	}
	root.Defs = append(properties{{"rule", ruleSchema()}, {"action", actionSchema(kinds)}, {"connection", otherConnection(kinds)}}, kindSchemas(kinds)...)
	raw, err := plainJSON(root)
	if err != nil {
		return nil, fmt.Errorf("encode the schema: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return nil, fmt.Errorf("indent the schema: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

func kindSchemas(kinds Kinds) properties {
	var out properties
	for _, k := range kinds.Actions {
		n := schemaOf(reflect.TypeOf(k.New()).Elem(), false).described(k.Doc)
		if k.Connection != "" {
			use := &schemaNode{Type: "string", Description: "Name of the connection to use.", Default: k.Connection}
			if k.ConnectionOptional {
				use = &schemaNode{Type: "string", Description: "Name of the connection to use. Without it, the whole address must be given."}
			}
			n.Properties = append(properties{{"connection", use}}, n.Properties.without("connection")...)
		}
		out = append(out, property{"action." + k.Name, n})
	}
	for _, k := range kinds.Connections {
		n := schemaOf(reflect.TypeOf(k.New()).Elem(), true).described(k.Doc)
		own := n.Properties
		n.Properties = properties{{"kind", &schemaNode{Const: k.Name, Description: "Kind of connection; needed when the name is not " + k.Name + "."}}}
		n.Properties = append(n.Properties, own...)
		for _, limit := range schemaOf(reflect.TypeFor[limitParams](), true).Properties {
			if !slices.ContainsFunc(n.Properties, func(p property) bool { return p.name == limit.name }) {
				n.Properties = append(n.Properties, limit)
			}
		}
		out = append(out, property{"connection." + k.Name, n})
	}
	return out
}

// connectionsSchema: a connection called like a kind is of that kind unless it
// says otherwise; any other has to say.
func connectionsSchema(kinds Kinds) *schemaNode {
	out := &schemaNode{
		Type: "object", Description: "How to reach Slack, mail servers and APIs, by names of your own.",
		Names: &schemaNode{Pattern: "^[a-z0-9._-]{1,100}$"}, Rest: refTo("connection"),
	}
	for _, k := range kinds.Connections {
		either := &schemaNode{AnyOf: []*schemaNode{refTo("connection." + k.Name), refTo("connection")}}
		out.Properties = append(out.Properties, property{k.Name, either})
	}
	return out
}

// otherConnection says its kind.
func otherConnection(kinds Kinds) *schemaNode {
	out := &schemaNode{Type: "object", Required: []string{"kind"}, Description: "A connection whose name does not say its kind."}
	for _, k := range kinds.Connections {
		out.OneOf = append(out.OneOf, refTo("connection."+k.Name))
	}
	return out
}

func varsSchema() *schemaNode {
	return (&schemaNode{Type: "object"}).described("Values of your own, for all rules: vars.NAME in expressions.")
}

func ruleSchema() *schemaNode {
	n := schemaOf(reflect.TypeFor[ruleParams](), false)
	n.Description = "When an event comes and the condition holds, do the actions in order."
	for i, p := range n.Properties {
		switch p.name {
		case "name":
			n.Properties[i].node.Type, n.Properties[i].node.Pattern = "string", "^[a-z0-9._-]{1,100}$"
		case "event":
			n.Properties[i].node = eventSchema(p.node)
		}
	}
	n.Properties = slices.Insert(n.Properties, 3,
		property{"when", conditionSchema("Condition that must hold; without it, every event of the type matches.")},
		property{"threshold", schemaOf(reflect.TypeFor[thresholdParams](), false).described("Run only when so many events fall within a time.")},
		property{"throttle", schemaOf(reflect.TypeFor[throttleParams](), false).described("Run at most once in a time, and count what is held back.")},
		property{"digest", schemaOf(reflect.TypeFor[digestParams](), false).described("Collect events for a time and run once for all of them.")},
	)
	actions := &schemaNode{Type: "array", MinItems: 1, Items: refTo("action"), Description: "What to do, in order."}
	n.Properties = append(n.Properties, property{"actions", actions})
	n.Required = append(n.Required, "actions")
	return n
}

func conditionSchema(text string) *schemaNode {
	return (&schemaNode{Type: []string{"string", "boolean"}}).described(text)
}

// eventSchema offers the documented types and lets others pass: the vendor
// adds new ones.
func eventSchema(was *schemaNode) *schemaNode {
	known := append(event.Types(), "scheduling.*", "organization.*", "*")
	one := &schemaNode{AnyOf: []*schemaNode{{Enum: anyList(known)}, {Type: "string", MinLength: 1, Pattern: `^\S+$`}}}
	return &schemaNode{
		Description: was.Description, Examples: was.Examples,
		AnyOf: []*schemaNode{one, {Type: "array", MinItems: 1, Items: one}},
	}
}

func actionSchema(kinds Kinds) *schemaNode {
	n := schemaOf(reflect.TypeFor[stepParams](), false).described("One thing to do: its kind with its settings, and how to carry it out.")
	retry := &schemaNode{
		Description: "How often and how fast to try again; false for a single try.",
		AnyOf:       []*schemaNode{{Type: "boolean"}, schemaOf(reflect.TypeFor[retryParams](), false)},
	}
	when := conditionSchema("Condition of this action; when it is false, the run goes on with the next one.")
	n.Properties = slices.Insert(n.Properties, 1, property{"when", when})
	n.Properties = append(n.Properties, property{"retry", retry})
	for _, k := range kinds.Actions {
		n.Properties = append(n.Properties, property{k.Name, refTo("action." + k.Name)})
		n.OneOf = append(n.OneOf, &schemaNode{Required: []string{k.Name}})
	}
	return n
}
