package rules

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// Outline is what a rule says of itself, read without compiling it: no
// environment variable is needed.
type Outline struct {
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Events      []string `json:"events"`
	// Mode is live, shadow or off.
	Mode string `json:"mode"`
	// Windows are the threshold, throttle or digest as they are written.
	Windows []string `json:"windows,omitempty"`
	Actions []string `json:"actions"` // the kinds, in order
	Pos     Position `json:"position"`
}

// Outlines reads what rules say of themselves. What cannot be understood is
// left out; Load tells what is wrong with it.
func Outlines(sources []Source) []Outline {
	l := &loader{out: &collector{}}
	l.parse(sources)
	out := []Outline{}
	l.each("rules", func(d *ruleDecoder, _, value *yaml.Node) {
		for _, n := range value.Content {
			if n = resolve(n); n.Kind == yaml.MappingNode {
				out = append(out, d.outline(n))
			}
		}
	})
	return out
}

func (d *ruleDecoder) outline(n *yaml.Node) Outline {
	o := Outline{Mode: "live", Events: []string{}, Actions: []string{}, Pos: Position{File: d.doc.name, Line: n.Line, Column: n.Column}}
	for _, e := range d.quietEntries(n) {
		switch e.name {
		case "name":
			o.Name = e.value.Value
		case "description":
			o.Description = e.value.Value
		case "event":
			o.Events = append(o.Events, texts(e.value)...)
		case "mode":
			if o.Mode != "off" && e.value.Value == "shadow" {
				o.Mode = "shadow"
			}
		case "enabled":
			if strings.EqualFold(e.value.Value, "false") {
				o.Mode = "off"
			}
		case "actions":
			for _, action := range e.value.Content {
				o.Actions = append(o.Actions, d.kindOf(resolve(action)))
			}
		}
	}
	for _, key := range windowKeys() {
		for _, e := range d.quietEntries(n) {
			if e.name == key {
				o.Windows = append(o.Windows, d.windowText(e))
			}
		}
	}
	return o
}

// kindOf is the key of an action that is not about how to carry it out.
func (d *ruleDecoder) kindOf(action *yaml.Node) string {
	for _, e := range d.quietEntries(action) {
		known := false
		for _, key := range stepKeys() {
			known = known || key == e.name
		}
		if !known {
			return e.name
		}
	}
	return "?"
}

// windowText is a window on one line, such as "throttle once 1h per x".
func (d *ruleDecoder) windowText(e entry) string {
	parts := []string{e.name}
	for _, x := range d.quietEntries(e.value) {
		parts = append(parts, x.name+" "+x.value.Value)
	}
	return strings.Join(parts, " ")
}

// texts lists the values of a list, or the one value that stands alone.
func texts(n *yaml.Node) []string {
	if n.Kind == yaml.ScalarNode {
		return []string{n.Value}
	}
	var out []string
	for _, item := range n.Content {
		out = append(out, resolve(item).Value)
	}
	return out
}
