package rules

import (
	"reflect"
	"slices"

	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/values"
	"gopkg.in/yaml.v3"
)

// connect finds the connection of an action and returns its client; nil when it
// has none, or when a finding, here or at the connection, says what is wrong.
func (l *loader) connect(d *ruleDecoder, x *draft) any {
	if x.kind.Connection == "" {
		return nil
	}
	name, at := x.kind.Connection, x.at.Key
	named := false
	for _, e := range d.QuietEntries(text.Resolve(x.at.Value)) {
		if e.Name == "connection" {
			name, at, named = e.Value.Value, e.Value, true
			if e.Value.Kind != yaml.ScalarNode || name == "" {
				d.Fail(at, "connection must be the name of a connection, not "+text.Article(at), "")
				return nil
			}
		}
	}
	c := l.connections[name]
	switch {
	case c == nil && !named && x.kind.ConnectionOptional:
		return nil
	case c == nil:
		l.noConnection(d, x, name, at, named)
		return nil
	case c.broken:
		x.step.Connection = name
		l.out.Suppress()
		return nil
	case c.Kind != x.kind.Connection:
		d.Fail(at, "connection "+text.Quote(name)+" is of kind "+text.Quote(c.Kind)+", but "+x.kind.Name+" needs one of kind "+text.Quote(x.kind.Connection), "")
		return nil
	}
	x.step.Connection = name
	return c.Client
}

// noConnection reports a missing connection once per name. It returns false.
func (l *loader) noConnection(d *ruleDecoder, x *draft, name string, at *yaml.Node, named bool) {
	if l.incomplete || !named && l.missing[name] {
		l.out.Suppress()
		return
	}
	if !named {
		l.missing[name] = true
		d.Fail(at, x.kind.Name+" needs a connection, and none is called "+text.Quote(name), "add it under connections:, or name another with connection:")
		return
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
}

// lane adds the action's destination to the lanes of the rule.
func (l *loader) lane(r *Rule, s *Step, settings reflect.Value) {
	name := s.Connection
	if name == "" {
		for _, f := range l.known.ParamsOf(settings.Type()) {
			field := settings.FieldByIndex(f.Index)
			if field.Type() != reflect.TypeFor[values.URL]() {
				continue
			}
			if u, ok := field.Interface().(values.URL); ok && u.Host() != "" {
				name = "host:" + u.Host()
			}
		}
	}
	if name != "" && !slices.Contains(r.Lanes, name) {
		r.Lanes = append(r.Lanes, name)
	}
}
