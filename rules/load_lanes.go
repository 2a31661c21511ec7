package rules

import (
	"reflect"
	"slices"

	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/values"
	"gopkg.in/yaml.v3"
)

// connect finds the connection of an action and returns its client. It is not
// ok when a finding, here or at the connection, says what is wrong.
func (l *loader) connect(d *ruleDecoder, x *draft) (client any, ok bool) {
	if x.kind.Connection == "" {
		return nil, true
	}
	name, at := x.kind.Connection, x.at.Key
	named := false
	for _, e := range d.QuietEntries(text.Resolve(x.at.Value)) {
		if e.Name == "connection" {
			name, at, named = e.Value.Value, e.Value, true
			if e.Value.Kind != yaml.ScalarNode || name == "" {
				d.Fail(at, "connection must be the name of a connection, not "+text.Article(at), "")
				return nil, false
			}
		}
	}
	c := l.connections[name]
	switch {
	case c == nil && !named && x.kind.ConnectionOptional:
		return nil, true
	case c == nil:
		return nil, l.noConnection(d, x, name, at, named)
	case c.broken:
		x.step.Connection = name
		l.out.Suppress()
		return nil, false
	case c.Kind != x.kind.Connection:
		d.Fail(at, "connection "+text.Quote(name)+" is of kind "+text.Quote(c.Kind)+", but "+x.kind.Name+" needs one of kind "+text.Quote(x.kind.Connection), "")
		return nil, false
	}
	x.step.Connection = name
	return c.Client, true
}

// noConnection reports a connection that does not exist, once for each.
func (l *loader) noConnection(d *ruleDecoder, x *draft, name string, at *yaml.Node, named bool) bool {
	if l.incomplete || !named && l.missing[name] {
		l.out.Suppress()
		return false
	}
	if !named {
		l.missing[name] = true
		d.Fail(at, x.kind.Name+" needs a connection, and none is called "+text.Quote(name), "add it under connections:, or name another with connection:")
		return false
	}
	var known []string
	for other, c := range l.connections {
		if c.Kind == x.kind.Connection {
			known = append(known, other)
		}
	}
	hint := text.Suggest(name, known)
	if hint == "" {
		hint = "add it under connections:"
	}
	d.Fail(at, "there is no connection "+text.Quote(name), hint)
	return false
}

// lane notes the destination in whose order the rule takes part.
func lane(r *Rule, s *Step, settings reflect.Value) {
	name := s.Connection
	if name == "" {
		for _, f := range params.ParamsOf(settings.Type()) {
			u, ok := settings.FieldByIndex(f.Index).Interface().(values.URL)
			if ok && u.Host() != "" {
				name = "host:" + u.Host()
			}
		}
	}
	if name != "" && !slices.Contains(r.Lanes, name) {
		r.Lanes = append(r.Lanes, name)
	}
}
