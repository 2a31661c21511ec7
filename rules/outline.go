package rules

import (
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/rules/moments"
	"github.com/gavel-rules/gavel/rules/text"
	"gopkg.in/yaml.v3"
)

// Outline describes a rule. It is read without compiling the rule, so it needs
// no environment variables.
type Outline struct {
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Events      []string `json:"events"`
	// Mode is live, shadow or off.
	Mode string `json:"mode"`
	// Windows are the threshold, throttle and digest as written.
	Windows []string `json:"windows,omitempty"`
	// Schedule is nil for a rule without one, or with one that has an error.
	Schedule *moments.Schedule `json:"-"`
	Actions  []string          `json:"actions"` // the kinds, in order
	// Connections are those that the actions name, or their kinds.
	Connections []string      `json:"-"`
	Pos         text.Position `json:"position"`

	absent []string // what an absence awaits
}

// Outlines returns the outlines of all rules. It leaves out what it cannot
// read; Load reports what is wrong.
func Outlines(sources []text.Source) []Outline {
	l := &loader{out: &text.Collector{}}
	l.Parse(sources)
	out := []Outline{}
	chains := map[string]*yaml.Node{}
	l.each("chains", func(d *ruleDecoder, _, value *yaml.Node) {
		for _, e := range d.QuietEntries(value) {
			chains[e.Name] = e.Value
		}
	})
	l.each("rules", func(d *ruleDecoder, _, value *yaml.Node) {
		for _, n := range value.Content {
			if n = text.Resolve(n); n.Kind == yaml.MappingNode {
				out = append(out, d.outline(n, chains))
			}
		}
	})
	return out
}

func (d *ruleDecoder) outline(n *yaml.Node, chains map[string]*yaml.Node) Outline {
	o := Outline{Mode: "live", Events: []string{}, Actions: []string{}, Pos: text.Position{File: d.Doc.Name, Line: n.Line, Column: n.Column}}
	for _, e := range d.QuietEntries(n) {
		switch e.Name {
		case "name":
			o.Name = e.Value.Value
		case "description":
			o.Description = e.Value.Value
		case "event":
			o.Events = append(o.Events, texts(e.Value)...)
		case "schedule":
			o.Schedule = outlinedSchedule(d, e)
		case "mode":
			if o.Mode != "off" && e.Value.Value == "shadow" {
				o.Mode = "shadow"
			}
		case "enabled":
			if strings.EqualFold(e.Value.Value, "false") {
				o.Mode = "off"
			}
		case "absence":
			for _, x := range d.QuietEntries(e.Value) {
				for _, y := range d.QuietEntries(x.Value) {
					if x.Name == "of" && y.Name == "event" {
						o.absent = texts(y.Value)
					}
				}
			}
		case "actions":
			d.outlineActions(&o, e.Value, chains)
		}
	}
	if len(o.Events) == 0 && o.absent != nil {
		o.Events = o.absent
	}
	for _, key := range windowKeys() {
		for _, e := range d.QuietEntries(n) {
			if e.Name == key {
				o.Windows = append(o.Windows, d.windowText(e))
			}
		}
	}
	return o
}

// outlineActions lists actions in the order of Rule.Actions.
func (d *ruleDecoder) outlineActions(o *Outline, list *yaml.Node, chains map[string]*yaml.Node) {
	if len(o.Actions) > maxSteps {
		return // aliases, and chains that use themselves, can make it endless
	}
	for _, action := range list.Content {
		action = text.Resolve(action)
		if slices.ContainsFunc(d.QuietEntries(action), func(e text.Entry) bool { return e.Name == string(FlowLoop) }) {
			o.Actions, o.Connections = append(o.Actions, string(FlowLoop)), append(o.Connections, "")
		}
		o.Actions = append(o.Actions, d.kindOf(action))
		o.Connections = append(o.Connections, d.connectionOf(action))
		parts := d.QuietEntries(action)
		for _, e := range parts {
			if e.Name == string(FlowCall) && chains[e.Value.Value] != nil {
				parts = d.QuietEntries(text.Resolve(chains[e.Value.Value]))
			}
		}
		for _, key := range []string{"steps", "else", string(FlowLeave)} {
			for _, e := range parts {
				switch {
				case e.Name != key:
				case key == string(FlowLeave):
					o.Actions, o.Connections = append(o.Actions, key), append(o.Connections, "")
				case e.Value.Kind == yaml.SequenceNode:
					d.outlineActions(o, e.Value, chains)
				}
			}
		}
	}
}

// kindOf returns the kind of an action: its first key that is not beside one.
func (d *ruleDecoder) kindOf(action *yaml.Node) string {
	for _, e := range d.QuietEntries(action) {
		if !slices.Contains([]string{"else", "for_each", "max", "with"}, e.Name) && !slices.Contains(stepKeys(), e.Name) {
			return e.Name
		}
	}
	return "?"
}

// windowText writes a window on one line, such as "throttle once 1h per x".
func (d *ruleDecoder) windowText(e text.Entry) string {
	parts := []string{e.Name}
	for _, x := range d.QuietEntries(e.Value) {
		value := x.Value.Value
		for _, y := range d.QuietEntries(x.Value) {
			if y.Name == "event" {
				value = strings.Join(texts(y.Value), " or ")
			}
		}
		parts = append(parts, x.Name+" "+value)
	}
	return strings.Join(parts, " ")
}

// texts returns the values of a list, or a single value as a list.
func texts(n *yaml.Node) []string {
	if n.Kind == yaml.ScalarNode {
		return []string{n.Value}
	}
	var out []string
	for _, item := range n.Content {
		out = append(out, text.Resolve(item).Value)
	}
	return out
}

// ConnectionOutline describes a connection, as Outline does a rule.
type ConnectionOutline struct{ Name, Kind string }

// ConnectionOutlines returns the outlines of all connections.
func ConnectionOutlines(sources []text.Source) []ConnectionOutline {
	l := &loader{out: &text.Collector{}}
	l.Parse(sources)
	var out []ConnectionOutline
	l.each("connections", func(d *ruleDecoder, _, value *yaml.Node) {
		for _, e := range d.QuietEntries(value) {
			c := ConnectionOutline{Name: e.Name, Kind: e.Name}
			for _, x := range d.QuietEntries(e.Value) {
				if x.Name == "kind" {
					c.Kind = x.Value.Value
				}
			}
			out = append(out, c)
		}
	})
	return out
}

// connectionOf returns the connection that an action names, or that of its kind;
// there need not be one of that name.
func (d *ruleDecoder) connectionOf(action *yaml.Node) string {
	kind := d.kindOf(action)
	for _, part := range d.QuietEntries(action) {
		if part.Name != kind {
			continue
		}
		for _, x := range d.QuietEntries(part.Value) {
			if x.Name == "connection" {
				return x.Value.Value
			}
		}
	}
	return kind
}
