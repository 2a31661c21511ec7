package rules

import (
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/values"
	"gopkg.in/yaml.v3"
)

// openConnection is a connection with its state while loading.
type openConnection struct {
	*Connection
	broken bool // a finding says why
}

// limitParams are the keys that every connection has.
type limitParams struct {
	Kind        string `yaml:"kind" doc:"Kind of connection; required if its name is not a kind."`
	MaxInFlight int    `yaml:"max_in_flight" min:"1" doc:"Concurrent calls over this connection; default 16." example:"4"`
	Rate        string `yaml:"rate" doc:"Calls per second, minute, hour or day; default no limit." example:"30/m"`
	Burst       int    `yaml:"burst" min:"1" doc:"Calls allowed at once after an idle period; used with rate." example:"5"`
}

func (l *loader) loadConnections() {
	l.each("connections", func(d *ruleDecoder, _, value *yaml.Node) {
		d.Words, d.Now = l.comp.ConstantVocabulary(), true
		if value.Kind != yaml.MappingNode {
			d.Fail(value, "connections must be a mapping of names and settings, not "+text.Article(value), "")
			l.incomplete = true
			return
		}
		for _, e := range d.Entries(value) {
			if first := l.connections[e.Name]; first != nil {
				d.Fail(e.Key, "connection "+text.Quote(e.Name)+" is defined twice; the first is at "+first.Pos.String(), "remove one of them")
				continue
			}
			c := &openConnection{}
			c.broken = !l.out.Sound(func() { c.Connection = l.loadConnection(d, e) })
			l.connections[e.Name] = c
		}
	})
}

func (l *loader) loadConnection(d *ruleDecoder, e text.Entry) *Connection {
	c := &Connection{Name: e.Name, Pos: text.Position{File: d.Doc.Name, Line: e.Key.Line, Column: e.Key.Column}}
	if !isName(e.Name) {
		d.Fail(e.Key, "connection name "+text.Quote(text.Clip(e.Name, 60))+" is not allowed", "use lower-case letters, digits, - _ and .")
	}
	if e.Value.Kind != yaml.MappingNode {
		d.Fail(e.Value, "must be a mapping of settings, not "+text.Article(e.Value), "")
		return c
	}
	kind, ok := l.connectionKind(d, e)
	if !ok {
		return c
	}
	c.Kind = kind.Name
	settings := kind.New()
	v := reflect.ValueOf(settings).Elem()
	sound := l.out.Sound(func() {
		c.Limits = l.limits(d, e.Value, params.ParamsOf(v.Type()))
		d.Mapping(e.Value, v, limitKeys()...)
	})
	if !sound {
		return c
	}
	client, err := settings.Open()
	if err != nil {
		d.builderFindings(e.Value, e.Key, err)
		return c
	}
	c.Client = client
	return c
}

func limitKeys() []string { return []string{"kind", "max_in_flight", "rate", "burst"} }

// connectionKind finds the kind: the key kind, or else the name.
func (l *loader) connectionKind(d *ruleDecoder, e text.Entry) (params.ConnectionKind, bool) {
	name, at := e.Name, e.Key
	for _, x := range d.QuietEntries(e.Value) {
		if x.Name == "kind" {
			name, at = x.Value.Value, x.Value
		}
	}
	var known []string
	for _, k := range l.opts.Kinds.Connections {
		if k.Name == name {
			return k, true
		}
		known = append(known, k.Name)
	}
	if at == e.Key {
		d.Fail(at, "connection "+text.Quote(e.Name)+" has no kind", "add kind: "+strings.Join(known, ", or kind: "))
		return params.ConnectionKind{}, false
	}
	d.Fail(at, "unknown kind of connection "+text.Quote(name), text.Suggest(name, known))
	return params.ConnectionKind{}, false
}

// limits reads the keys that every connection has, except those that the kind
// defines itself.
func (l *loader) limits(d *ruleDecoder, n *yaml.Node, own []params.Param) Limits {
	var p limitParams
	v := reflect.ValueOf(&p).Elem()
	out := Limits{}
	for _, f := range params.ParamsOf(v.Type()) {
		if slices.ContainsFunc(own, func(x params.Param) bool { return x.Name == f.Name }) {
			continue
		}
		for _, e := range d.QuietEntries(n) {
			if e.Name != f.Name || f.Name == "kind" {
				continue
			}
			if d.Entry(e, v.FieldByIndex(f.Index), f) {
				d.checkLimit(e, p, &out)
			}
		}
	}
	return out
}

func (d *ruleDecoder) checkLimit(e text.Entry, p limitParams, out *Limits) {
	switch e.Name {
	case "max_in_flight":
		if out.MaxInFlight = p.MaxInFlight; p.MaxInFlight < 1 {
			d.Fail(e.Value, "max_in_flight must be at least 1", "")
		}
	case "burst":
		if out.Burst = p.Burst; p.Burst < 1 {
			d.Fail(e.Value, "burst must be at least 1", "")
		}
	case "rate":
		rate, err := parseRate(p.Rate)
		if err != nil {
			d.Fail(e.Value, err.Error(), "")
		}
		out.Rate = rate
	}
}

var errRate = errors.New("not a rate such as 5/s, 30/m or 500/h")

// parseRate reads "30/m" or a number per second.
func parseRate(s string) (float64, error) {
	count, unit, given := strings.Cut(strings.ReplaceAll(s, " ", ""), "/")
	n, err := strconv.ParseFloat(count, 64)
	per, known := map[string]float64{"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]
	if !given {
		per, known = 1, true
	}
	if err != nil || !known || !(n > 0) || n > 1e9 {
		return 0, errors.New(text.Quote(s) + " is " + errRate.Error())
	}
	return n / per, nil
}

// builderFindings turns the errors of Open or Build into findings, each at the
// field it is about.
func (d *ruleDecoder) builderFindings(settings, at *yaml.Node, err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			d.builderFindings(settings, at, one)
		}
		return
	}
	var field *params.FieldError
	if !errors.As(err, &field) {
		d.Fail(at, err.Error(), "")
		return
	}
	target := text.NodeAt(settings, field.Field)
	if target == text.Resolve(settings) {
		target = at
	}
	d.Fail(target, field.Error(), field.Hint)
}

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
		d.Out.Suppress()
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
		d.Out.Suppress()
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
