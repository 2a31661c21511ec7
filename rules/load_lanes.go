package rules

import (
	"reflect"
	"slices"

	"gopkg.in/yaml.v3"
)

// connect finds the connection of an action and returns its client. It is not
// ok when a finding, here or at the connection, says what is wrong.
func (l *loader) connect(d *ruleDecoder, x *draft) (client any, ok bool) {
	if x.kind.Connection == "" {
		return nil, true
	}
	name, at := x.kind.Connection, x.at.key
	named := false
	for _, e := range d.quietEntries(resolve(x.at.value)) {
		if e.name == "connection" {
			name, at, named = e.value.Value, e.value, true
			if e.value.Kind != yaml.ScalarNode || name == "" {
				d.fail(at, "connection must be the name of a connection, not "+article(at), "")
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
		l.out.suppress()
		return nil, false
	case c.Kind != x.kind.Connection:
		d.fail(at, "connection "+quote(name)+" is of kind "+quote(c.Kind)+", but "+x.kind.Name+" needs one of kind "+quote(x.kind.Connection), "")
		return nil, false
	}
	x.step.Connection = name
	return c.Client, true
}

// noConnection reports a connection that does not exist, once for each.
func (l *loader) noConnection(d *ruleDecoder, x *draft, name string, at *yaml.Node, named bool) bool {
	if l.incomplete || !named && l.missing[name] {
		l.out.suppress()
		return false
	}
	if !named {
		l.missing[name] = true
		d.fail(at, x.kind.Name+" needs a connection, and none is called "+quote(name), "add it under connections:, or name another with connection:")
		return false
	}
	var known []string
	for other, c := range l.connections {
		if c.Kind == x.kind.Connection {
			known = append(known, other)
		}
	}
	hint := suggest(name, known)
	if hint == "" {
		hint = "add it under connections:"
	}
	d.fail(at, "there is no connection "+quote(name), hint)
	return false
}

// lane notes the destination in whose order the rule takes part.
func lane(r *Rule, s *Step, params reflect.Value) {
	name := s.Connection
	if name == "" {
		for _, f := range paramsOf(params.Type()) {
			u, ok := params.FieldByIndex(f.index).Interface().(URL)
			if ok && u.Host() != "" {
				name = "host:" + u.Host()
			}
		}
	}
	if name != "" && !slices.Contains(r.Lanes, name) {
		r.Lanes = append(r.Lanes, name)
	}
}
