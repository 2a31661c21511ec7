package rules

import "github.com/gavel-rules/gavel/rules/params"

// stepSchema is an entry of actions.
func stepSchema() *params.SchemaNode {
	return &params.SchemaNode{
		Description: "An action, a group of actions, or a stop.",
		AnyOf:       []*params.SchemaNode{params.RefTo("one"), params.RefTo("group"), params.RefTo("stop")},
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
