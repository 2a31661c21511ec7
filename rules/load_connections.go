package rules

import (
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// openConnection is a connection with its state while loading.
type openConnection struct {
	*Connection
	broken bool // a finding says why
}

// limitParams are the keys that every connection has.
type limitParams struct {
	Kind        string `yaml:"kind" doc:"Kind of connection; needed when its name does not say it."`
	MaxInFlight int    `yaml:"max_in_flight" min:"1" doc:"Calls at once over this connection; 16 when left out." example:"4"`
	Rate        string `yaml:"rate" doc:"Calls per second, minute, hour or day; no limit when left out." example:"30/m"`
	Burst       int    `yaml:"burst" min:"1" doc:"Calls that may go out at once after a quiet time, with rate." example:"5"`
}

func (l *loader) loadConnections() {
	l.each("connections", func(d *ruleDecoder, _, value *yaml.Node) {
		d.words, d.now = l.comp.constantVocabulary(), true
		if value.Kind != yaml.MappingNode {
			d.fail(value, "connections must be a mapping of names and settings, not "+article(value), "")
			l.incomplete = true
			return
		}
		for _, e := range d.entries(value) {
			if first := l.connections[e.name]; first != nil {
				d.fail(e.key, "connection "+quote(e.name)+" is defined twice; the first is at "+first.Pos.String(), "remove one of them")
				continue
			}
			before := l.out.errors()
			c := l.loadConnection(d, e)
			l.connections[e.name] = &openConnection{Connection: c, broken: l.out.errors() > before}
		}
	})
}

func (l *loader) loadConnection(d *ruleDecoder, e entry) *Connection {
	c := &Connection{Name: e.name, Pos: Position{File: d.doc.name, Line: e.key.Line, Column: e.key.Column}}
	if !isName(e.name) {
		d.fail(e.key, "connection name "+quote(clip(e.name, 60))+" is not allowed", "use lower-case letters, digits, - _ and .")
	}
	if e.value.Kind != yaml.MappingNode {
		d.fail(e.value, "must be a mapping of settings, not "+article(e.value), "")
		return c
	}
	kind, ok := l.connectionKind(d, e)
	if !ok {
		return c
	}
	c.Kind = kind.Name
	params := kind.New()
	before := l.out.errors()
	v := reflect.ValueOf(params).Elem()
	c.Limits = l.limits(d, e.value, paramsOf(v.Type()))
	d.mapping(e.value, v, limitKeys()...)
	if l.out.errors() > before {
		return c
	}
	client, err := params.Open()
	if err != nil {
		d.builderFindings(e.value, e.key, err)
		return c
	}
	c.Client = client
	return c
}

func limitKeys() []string { return []string{"kind", "max_in_flight", "rate", "burst"} }

// connectionKind finds the kind: the key kind, or else the name.
func (l *loader) connectionKind(d *ruleDecoder, e entry) (ConnectionKind, bool) {
	name, at := e.name, e.key
	for _, x := range d.quietEntries(e.value) {
		if x.name == "kind" {
			name, at = x.value.Value, x.value
		}
	}
	var known []string
	for _, k := range l.opts.Kinds.Connections {
		if k.Name == name {
			return k, true
		}
		known = append(known, k.Name)
	}
	if at == e.key {
		d.fail(at, "connection "+quote(e.name)+" has no kind", "add kind: "+strings.Join(known, ", or kind: "))
		return ConnectionKind{}, false
	}
	d.fail(at, "unknown kind of connection "+quote(name), suggest(name, known))
	return ConnectionKind{}, false
}

// limits reads the keys that every connection has. A kind may have a key of
// the same name, which then is its own.
func (l *loader) limits(d *ruleDecoder, n *yaml.Node, own []param) Limits {
	var p limitParams
	v := reflect.ValueOf(&p).Elem()
	out := Limits{}
	for _, f := range paramsOf(v.Type()) {
		if slices.ContainsFunc(own, func(x param) bool { return x.name == f.name }) {
			continue
		}
		for _, e := range d.quietEntries(n) {
			if e.name != f.name || f.name == "kind" {
				continue
			}
			before := l.out.errors()
			d.entry(e, v.FieldByIndex(f.index), f)
			if l.out.errors() > before {
				continue
			}
			d.checkLimit(e, p, &out)
		}
	}
	return out
}

func (d *ruleDecoder) checkLimit(e entry, p limitParams, out *Limits) {
	switch e.name {
	case "max_in_flight":
		if out.MaxInFlight = p.MaxInFlight; p.MaxInFlight < 1 {
			d.fail(e.value, "max_in_flight must be at least 1", "")
		}
	case "burst":
		if out.Burst = p.Burst; p.Burst < 1 {
			d.fail(e.value, "burst must be at least 1", "")
		}
	case "rate":
		rate, err := parseRate(p.Rate)
		if err != nil {
			d.fail(e.value, err.Error(), "")
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
		return 0, errors.New(quote(s) + " is " + errRate.Error())
	}
	return n / per, nil
}

// builderFindings turns what Open or Build says into findings, each at the
// field that it names.
func (d *ruleDecoder) builderFindings(params, at *yaml.Node, err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			d.builderFindings(params, at, one)
		}
		return
	}
	var field *FieldError
	if !errors.As(err, &field) {
		d.fail(at, err.Error(), "")
		return
	}
	target := nodeAt(params, field.Field)
	if target == resolve(params) {
		target = at
	}
	d.fail(target, field.Error(), field.Hint)
}
