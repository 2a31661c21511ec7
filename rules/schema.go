package rules

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/rules/chains"
	"github.com/gavel-rules/gavel/rules/params"
)

// Schema returns the JSON Schema (2020-12) of a rules file for the given kinds
// of actions and connections, made from their parameter structs. Editors use it
// for completion and checks. It accepts what only Load can check, such as the
// types inside an expression.
func Schema(kinds params.Kinds) ([]byte, error) {
	root := &params.SchemaNode{
		Schema:      "https://json-schema.org/draft/2020-12/schema",
		Title:       "Gavel rules",
		Description: "Rules that turn meeting events into actions. Insert values with ${{ expression }}.",
		Type:        "object",
		Properties: params.Properties{
			{Name: "connections", Node: connectionsSchema(kinds)},
			{Name: "vars", Node: varsSchema()},
			{Name: "tables", Node: tablesSchema()},
			{Name: "conditions", Node: conditionsSchema()},
			{Name: "ignore", Node: ignoreSchema()},
			{Name: "memory", Node: memorySchema()},
			{Name: "chains", Node: chainsSchema()},
			{Name: "rules", Node: (&params.SchemaNode{Type: "array", Items: params.RefTo("rule")}).Described("The rules, in the order in which they are checked.")},
		},
		Patterns: params.Properties{{Name: "^x-", Node: (&params.SchemaNode{}).Described("Ignored by Gavel; use it for YAML anchors, for example.")}},
		Rest:     false,
	}
	// A section may be empty.
	for _, p := range root.Properties {
		if one, ok := p.Node.Type.(string); ok {
			p.Node.Type = []string{one, "null"}
		}
	}
	root.Defs = append(params.Properties{{Name: "rule", Node: ruleSchema()}, {Name: "action", Node: stepSchema()}, {Name: "one", Node: actionSchema(kinds)}, {Name: "group", Node: groupSchema()}, {Name: "stop", Node: stopSchema()}, {Name: "chain", Node: callSchema()}, {Name: "connection", Node: otherConnection(kinds)}}, kindSchemas(kinds)...)
	raw, err := params.PlainJSON(root)
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

func kindSchemas(kinds params.Kinds) params.Properties {
	var out params.Properties
	for _, k := range kinds.Actions {
		n := params.SchemaOf(reflect.TypeOf(k.New()).Elem(), false).Described(k.Doc)
		if k.Connection != "" {
			use := &params.SchemaNode{Type: "string", Description: "Name of the connection to use.", Default: k.Connection}
			if k.ConnectionOptional {
				use = &params.SchemaNode{Type: "string", Description: "Name of the connection to use. Without it, give the whole address."}
			}
			n.Properties = append(params.Properties{{Name: "connection", Node: use}}, n.Properties.Without("connection")...)
		}
		out = append(out, params.Property{Name: "action." + k.Name, Node: n})
	}
	for _, k := range kinds.Connections {
		n := params.SchemaOf(reflect.TypeOf(k.New()).Elem(), true).Described(k.Doc)
		own := n.Properties
		n.Properties = params.Properties{{Name: "kind", Node: &params.SchemaNode{Const: k.Name, Description: "Kind of connection; required if the name is not " + k.Name + "."}}}
		n.Properties = append(n.Properties, own...)
		for _, limit := range params.SchemaOf(reflect.TypeFor[limitParams](), true).Properties {
			if !slices.ContainsFunc(n.Properties, func(p params.Property) bool { return p.Name == limit.Name }) {
				n.Properties = append(n.Properties, limit)
			}
		}
		out = append(out, params.Property{Name: "connection." + k.Name, Node: n})
	}
	return out
}

// connectionsSchema lets a connection named like a kind leave out its kind; all
// others must state it.
func connectionsSchema(kinds params.Kinds) *params.SchemaNode {
	out := &params.SchemaNode{
		Type: "object", Description: "How to reach Slack, mail servers and APIs, under names you choose.",
		Names: &params.SchemaNode{Pattern: "^[a-z0-9._-]{1,100}$"}, Rest: params.RefTo("connection"),
	}
	for _, k := range kinds.Connections {
		either := &params.SchemaNode{AnyOf: []*params.SchemaNode{params.RefTo("connection." + k.Name), params.RefTo("connection")}}
		out.Properties = append(out.Properties, params.Property{Name: k.Name, Node: either})
	}
	return out
}

// otherConnection is the schema of a connection that must state its kind.
func otherConnection(kinds params.Kinds) *params.SchemaNode {
	out := &params.SchemaNode{Type: "object", Required: []string{"kind"}, Description: "A connection whose name is not a kind."}
	for _, k := range kinds.Connections {
		out.OneOf = append(out.OneOf, params.RefTo("connection."+k.Name))
	}
	return out
}

func varsSchema() *params.SchemaNode {
	return (&params.SchemaNode{Type: "object"}).Described("Your own values, for all rules: vars.NAME in expressions.")
}

func tablesSchema() *params.SchemaNode {
	file := (&params.SchemaNode{Type: "string", Pattern: `\.[cC][sS][vV]$`}).Described("Name of a *.csv file beside the rules or below.")
	return &params.SchemaNode{
		Type: "object", Description: "Tables beside the rules, under names you choose: tables.NAME[key] in expressions.",
		Names: &params.SchemaNode{Pattern: "^[A-Za-z_][A-Za-z0-9_]*$"},
		Rest:  &params.SchemaNode{AnyOf: []*params.SchemaNode{file, params.SchemaOf(reflect.TypeFor[tableParams](), false)}},
	}
}

func conditionsSchema() *params.SchemaNode {
	return &params.SchemaNode{
		Type: "object", Description: "Conditions for all rules, under names you choose: conditions.NAME in expressions.",
		Names: &params.SchemaNode{Pattern: "^[A-Za-z_][A-Za-z0-9_]*$"}, Rest: conditionSchema("An expression that is true or false."),
	}
}

func ignoreSchema() *params.SchemaNode {
	n := conditionSchema("Condition of events that start no run of any rule.")
	n.Type = []string{"string", "boolean", "null"}
	return n
}

func memorySchema() *params.SchemaNode {
	return &params.SchemaNode{
		Type: "object", Description: "Places where rules remember values by a key of their own: memory.PLACE.NAME in expressions.",
		Names: &params.SchemaNode{Pattern: "^[A-Za-z_][A-Za-z0-9_]{0,59}$"},
		Rest:  params.SchemaOf(reflect.TypeFor[placeParams](), false),
	}
}

func ruleSchema() *params.SchemaNode {
	n := params.SchemaOf(reflect.TypeFor[ruleParams](), false)
	n.Description = "When an event arrives and the condition is true, run the actions in order."
	for i, p := range n.Properties {
		switch p.Name {
		case "name":
			n.Properties[i].Node.Type, n.Properties[i].Node.Pattern = "string", "^[a-z0-9._-]{1,100}$"
		case "event":
			n.Properties[i].Node = eventSchema(p.Node)
		}
	}
	n.Properties = slices.Insert(n.Properties, 3,
		params.Property{Name: "schedule", Node: params.SchemaOf(reflect.TypeFor[scheduleParams](), false).Described("Instead of event: run at times of its own.")},
		params.Property{Name: "collect", Node: collectSchema()},
		params.Property{Name: "when", Node: conditionSchema("Condition that must be true; without it, every event of the type matches.")},
		params.Property{Name: "threshold", Node: params.SchemaOf(reflect.TypeFor[thresholdParams](), false).Described("Run only when a number of events fall within a time.")},
		params.Property{Name: "throttle", Node: params.SchemaOf(reflect.TypeFor[throttleParams](), false).Described("Run at most once in a time, and count the suppressed events.")},
		params.Property{Name: "absence", Node: absenceSchema()},
		params.Property{Name: "digest", Node: params.SchemaOf(reflect.TypeFor[digestParams](), false).Described("Collect events for a time and run once for all of them.")},
	)
	actions := &params.SchemaNode{Type: "array", MinItems: 1, Items: params.RefTo("action"), Description: "What to do, in order."}
	n.Properties = append(n.Properties, params.Property{Name: "actions", Node: actions})
	n.Required = append(n.Required, "actions")
	n.AnyOf = []*params.SchemaNode{{Required: []string{"event"}}, {Required: []string{"absence"}}, {Required: []string{"schedule"}}}
	return n
}

func absenceSchema() *params.SchemaNode {
	awaited := func(text string) *params.SchemaNode {
		n := params.SchemaOf(reflect.TypeFor[awaitedParams](), false).Described(text)
		for i, p := range n.Properties {
			n.Properties[i].Node = eventSchema(p.Node)
		}
		n.Properties = append(n.Properties, params.Property{Name: "when", Node: conditionSchema("Condition of the event; without it, every event of the type counts.")})
		return n
	}
	n := params.SchemaOf(reflect.TypeFor[absenceParams](), false).Described("Run when something has not come for a time.")
	n.Properties = append(params.Properties{{Name: "of", Node: awaited("What should come. In a rule without event, it also begins the time anew.")}}, n.Properties...)
	n.Properties = append(n.Properties, params.Property{Name: "unless", Node: awaited("What else ends the time, so that nothing is run.")})
	n.Required = append(n.Required, "of")
	return n
}

// collectSchema is what a rule with a schedule gathers.
func collectSchema() *params.SchemaNode {
	n := params.SchemaOf(reflect.TypeFor[collectParams](), false).Described("The events that a rule with a schedule reports on, as window.")
	n.Properties[0].Node = eventSchema(n.Properties[0].Node)
	named := func(text string) *params.SchemaNode {
		return &params.SchemaNode{Type: "object", Description: text, Names: &params.SchemaNode{Pattern: "^[A-Za-z_][A-Za-z0-9_]{0,59}$"}, Rest: &params.SchemaNode{Type: []string{"string", "number", "boolean"}}}
	}
	n.Properties = slices.Insert(n.Properties, 1, params.Property{Name: "when", Node: conditionSchema("Condition of an event; without it, every event of the type is collected.")})
	n.Properties = append(n.Properties,
		params.Property{Name: "by", Node: named("Expressions by which events are counted: window.by.NAME is a list of key and count, highest first.")},
		params.Property{Name: "row", Node: named("Expressions that make a row of each event: window.rows, for csv(), for example.")},
	)
	return n
}

func conditionSchema(text string) *params.SchemaNode {
	return (&params.SchemaNode{Type: []string{"string", "boolean"}}).Described(text)
}

// eventSchema offers the documented types and accepts others, because the
// vendor adds new ones.
func eventSchema(was *params.SchemaNode) *params.SchemaNode {
	known := slices.Concat(event.Types(), []string{"scheduling.*", "organization.*", "*"}, own.Types(), []string{own.Prefix + "*"})
	one := &params.SchemaNode{AnyOf: []*params.SchemaNode{{Enum: params.AnyList(known)}, {Type: "string", MinLength: 1, Pattern: `^\S+$`}}}
	return &params.SchemaNode{
		Description: was.Description, Examples: was.Examples,
		AnyOf: []*params.SchemaNode{one, {Type: "array", MinItems: 1, Items: one}},
	}
}

func actionSchema(kinds params.Kinds) *params.SchemaNode {
	n := params.SchemaOf(reflect.TypeFor[stepParams](), false).Described("One action: its kind with its settings, and how to run it.")
	retry := &params.SchemaNode{
		Description: "How often and how fast to retry; false for a single attempt.",
		AnyOf:       []*params.SchemaNode{{Type: "boolean"}, params.SchemaOf(reflect.TypeFor[retryParams](), false)},
	}
	when := conditionSchema("Condition of this action; if false, the run continues with the next action.")
	n.Properties = slices.Insert(n.Properties, 1, append(loopSchema(), params.Property{Name: "when", Node: when})...)
	n.Properties = append(n.Properties, params.Property{Name: "retry", Node: retry})
	for _, k := range kinds.Actions {
		n.Properties = append(n.Properties, params.Property{Name: k.Name, Node: params.RefTo("action." + k.Name)})
		n.OneOf = append(n.OneOf, &params.SchemaNode{Required: []string{k.Name}})
	}
	return n
}

// stepSchema is an entry of actions.
func stepSchema() *params.SchemaNode {
	return &params.SchemaNode{
		Description: "An action, a group of actions, a chain, or a stop.",
		AnyOf:       []*params.SchemaNode{params.RefTo("one"), params.RefTo("group"), params.RefTo("chain"), params.RefTo("stop")},
	}
}

func groupSchema() *params.SchemaNode {
	list := func(text string) *params.SchemaNode {
		return &params.SchemaNode{Type: "array", MinItems: 1, Items: params.RefTo("action"), Description: text}
	}
	return &params.SchemaNode{
		Type: "object", Description: "Several actions with one condition, which is evaluated once.", Rest: false, Required: []string{"steps"},
		Properties: params.Properties{
			{Name: "id", Node: (&params.SchemaNode{Type: "string"}).Described("Name of the group, for the history.")},
			loopSchema()[0], loopSchema()[1],
			{Name: "when", Node: conditionSchema("Condition of the group, evaluated once; if false, the actions of else are carried out.")},
			{Name: "on_error", Node: (&params.SchemaNode{Enum: params.AnyList([]string{"stop", "continue"})}).Described("What to do when an action of the group fails permanently: end the run as failed, which is the default, or continue after the group.")},
			{Name: "steps", Node: list("What to do, in order, if the condition is true.")},
			{Name: "else", Node: list("What to do, in order, if the condition is false.")},
		},
	}
}

func stopSchema() *params.SchemaNode {
	return &params.SchemaNode{
		Type: "object", Description: "Ends the run as succeeded.", Rest: false, Required: []string{"stop"},
		Properties: params.Properties{
			{Name: "id", Node: (&params.SchemaNode{Type: "string"}).Described("Name of the stop, for the history.")},
			{Name: "when", Node: conditionSchema("Condition of the stop; if false, the run continues with the next action.")},
			{Name: "stop", Node: (&params.SchemaNode{Type: "string", MinLength: 1}).Described("Why, in your words; ${{ }} is possible.")},
		},
	}
}

// loopSchema are the keys that repeat an action or a group.
func loopSchema() params.Properties {
	return params.Properties{
		{Name: "for_each", Node: (&params.SchemaNode{Type: "string", Examples: []any{"invitees()"}}).Described("A list: carry this out once for each element, which is each; each_index counts from 0. Afterwards actions.ID is a list.")},
		{Name: "max", Node: &params.SchemaNode{Type: "integer", Minimum: 1, Maximum: MaxElements, Default: MaxElements, Description: "With more elements than this, the for_each fails before anything is sent."}},
	}
}

// chainsSchema are the chains of a file.
func chainsSchema() *params.SchemaNode {
	n := params.SchemaOf(reflect.TypeFor[chainParams](), false).Described("Actions with a name, inputs and outputs.")
	for i, p := range n.Properties {
		if p.Name == "inputs" {
			n.Properties[i].Node.Names = &params.SchemaNode{Pattern: "^[A-Za-z_][A-Za-z0-9_]*$"}
			n.Properties[i].Node.Rest = &params.SchemaNode{Type: "string", Pattern: `^(optional )?(` + strings.Join(chains.Types(), "|") + `)\??$`}
		}
	}
	n.Properties = append(n.Properties,
		params.Property{Name: "steps", Node: &params.SchemaNode{Type: "array", MinItems: 1, Items: params.RefTo("action"), Description: "What to do, in order. The steps see their inputs as inputs.NAME, the event, and results of each other."}},
		params.Property{Name: "outputs", Node: &params.SchemaNode{Type: "object", Names: &params.SchemaNode{Pattern: "^[A-Za-z_][A-Za-z0-9_]*$"}, Description: "What is left of the chain afterwards, by name: actions.ID.NAME where it is used."}},
	)
	n.Required = append(n.Required, "steps")
	return &params.SchemaNode{
		Type: "object", Description: "Actions with names, which rules and other chains use with chain: NAME.",
		Names: &params.SchemaNode{Pattern: "^[a-z0-9._-]{1,100}$"}, Rest: n,
	}
}

func callSchema() *params.SchemaNode {
	return &params.SchemaNode{
		Type: "object", Description: "The steps of a chain.", Rest: false, Required: []string{"chain"},
		Properties: params.Properties{
			{Name: "id", Node: (&params.SchemaNode{Type: "string"}).Described("Name of this use; later actions read the outputs of the chain as actions.ID.NAME.")},
			loopSchema()[0], loopSchema()[1],
			{Name: "when", Node: conditionSchema("Condition of the chain, evaluated once; if false, the run continues after it.")},
			{Name: "on_error", Node: (&params.SchemaNode{Enum: params.AnyList([]string{"stop", "continue"})}).Described("What to do when a step of the chain fails permanently: end the run as failed, which is the default, or continue after the chain.")},
			{Name: "chain", Node: (&params.SchemaNode{Type: "string", Pattern: "^[a-z0-9._-]{1,100}$"}).Described("Name of the chain.")},
			{Name: "with", Node: (&params.SchemaNode{Type: "object"}).Described("Its inputs by name; ${{ }} is possible.")},
		},
	}
}
