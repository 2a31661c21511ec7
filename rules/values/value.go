package values

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/text"
)

// Value is any YAML value whose strings may contain ${{ }}, to be sent as JSON.
// A string that is only ${{ x }} keeps the type of x.
type Value struct{ node any }

// Render returns the value as map[string]any, []any and scalars. escape, if not
// nil, is applied to values inserted into strings and to the strings of a lone
// ${{ x }}.
func (v Value) Render(s *language.Scope, escape func(string) string) (any, error) {
	return renderNode(v.node, s, escape)
}

// IsZero reports whether it is not set.
func (v Value) IsZero() bool { return v.node == nil }

// The nodes of a Value: branch, sequence, Text, lone, null and constants.
type (
	branch   map[string]any
	sequence []any
	lone     struct{ prog *language.Program }
	null     struct{} // an explicit null, unlike a value that is not set
)

func renderNode(node any, s *language.Scope, escape func(string) string) (any, error) {
	switch x := node.(type) {
	case branch:
		out := make(map[string]any, len(x))
		for k, item := range x {
			v, err := renderNode(item, s, escape)
			if err != nil {
				return nil, err
			}
			out[k] = v
		}
		return out, nil
	case sequence:
		out := make([]any, len(x))
		for i, item := range x {
			v, err := renderNode(item, s, escape)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	case Text:
		return x.Render(s, escape)
	case lone:
		return renderLone(x.prog, s, escape)
	case null:
		return nil, nil
	}
	return node, nil
}

func renderLone(p *language.Program, s *language.Scope, escape func(string) string) (any, error) {
	if p.Unknown(s) != nil {
		return language.Placeholder(p.Source), nil
	}
	v, err := p.Run(s)
	if err != nil {
		return nil, err
	}
	if raw, ok := v.(eval.RawText); ok {
		return raw.Text, nil
	}
	out, err := eval.PlainValue(v)
	if err != nil {
		return nil, p.Fail(err)
	}
	if escape == nil {
		return out, nil
	}
	return escapeStrings(out, escape), nil
}

// escapeStrings also escapes the strings inside lists and objects.
func escapeStrings(v any, escape func(string) string) any {
	switch x := v.(type) {
	case string:
		return escape(x)
	case []any:
		out := make([]any, len(x))
		for i, item := range x {
			out[i] = escapeStrings(item, escape)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, item := range x {
			out[k] = escapeStrings(item, escape)
		}
		return out
	}
	return v
}

// Tree compiles any YAML value.
func (d *Reader) Tree(n *yaml.Node) Value { return Value{node: d.treeNode(text.Resolve(n))} }

func (d *Reader) treeNode(n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		out := branch{}
		for _, e := range d.Entries(n) {
			if strings.Contains(e.Name, openMark) {
				d.Fail(e.Key, "a key cannot contain ${{ }}", "write the key out")
				continue
			}
			out[e.Name] = d.treeNode(e.Value)
		}
		return out
	case yaml.SequenceNode:
		out := make(sequence, len(n.Content))
		for i, item := range n.Content {
			out[i] = d.treeNode(text.Resolve(item))
		}
		return out
	}
	return d.treeScalar(n)
}

// yamlNumber parses a YAML number exactly. It returns nil if JSON cannot encode
// it, such as .inf.
func yamlNumber(s string) any {
	s = strings.TrimPrefix(strings.ReplaceAll(s, "_", ""), "+")
	if i, ok := new(big.Int).SetString(s, 0); ok {
		return event.NumberOf(i.String())
	}
	if json.Valid([]byte(s)) {
		return event.NumberOf(s)
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
		return nil
	}
	return x
}

func (d *Reader) treeScalar(n *yaml.Node) any {
	switch n.Tag {
	case "!!null":
		return null{}
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int":
		d.CheckNumber(n, "put it in quotes to keep it as text")
		if v := yamlNumber(n.Value); v != nil {
			return v
		}
		return n.Value
	case "!!float":
		d.CheckNumber(n, "put it in quotes to keep it as text")
		v := yamlNumber(n.Value)
		if v == nil {
			d.Fail(n, fmt.Sprintf("%s is not a number in JSON", n.Value), "write it in quotes")
			return null{}
		}
		return v
	case "!!binary":
		d.Fail(n, "binary values cannot be used", "write the value as text")
		return null{}
	}
	parts, ok := d.parts(n, n.Value)
	if !ok {
		return null{}
	}
	for _, p := range parts {
		d.warnRaw(p.prog, "")
	}
	if len(parts) == 1 && parts[0].prog != nil {
		return lone{parts[0].prog}
	}
	t := Text{source: n.Value, parts: parts}
	if s, ok := t.Literal(); ok {
		return s
	}
	return t
}

// codeNumber matches a number with a leading zero or plus. YAML reads the first
// as octal and drops the second.
var codeNumber = regexp.MustCompile(`^(?:[-+]?0[0-9_]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|\+[0-9].*)$`)

// CheckNumber reports a number that YAML would silently change, such as a
// postal code or a telephone number.
func (d *Reader) CheckNumber(n *yaml.Node, hint string) {
	if n.Style != 0 || n.Tag != "!!int" && n.Tag != "!!float" || !codeNumber.MatchString(n.Value) {
		return
	}
	message := text.Quote(n.Value) + " would lose its leading zero"
	if strings.HasPrefix(n.Value, "+") {
		message = text.Quote(n.Value) + " would lose its plus sign"
	}
	if x, err := strconv.ParseInt(n.Value, 0, 64); err == nil {
		message += fmt.Sprintf(" and be read as %d", x)
	}
	d.Fail(n, message, hint)
}
