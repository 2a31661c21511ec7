package rules

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// Condition is a compiled expression that yields a bool.
type Condition struct {
	Source string
	prog   *program
}

// Eval evaluates the condition. A condition that was not given is true. In a
// preview the error is an *UnknownError when a result is not known yet.
func (c *Condition) Eval(s *Scope) (bool, error) {
	if c == nil || c.prog == nil {
		return true, nil
	}
	v, err := c.prog.run(s)
	if err != nil || v == nil { // an absent truth value is false
		return false, err
	}
	truth, ok := v.(bool)
	if !ok {
		return false, c.prog.fail(fmt.Errorf("yields %s where %s is needed", kindOfValue(v), kindBool))
	}
	return truth, nil
}

// UsesData reports whether it looks at the raw data of the event.
func (c *Condition) UsesData() bool { return c != nil && c.prog != nil && c.prog.data }

// Lacking says what the event of a scope does not have of what the condition
// needs, in words; empty when it has all of it.
func (c *Condition) Lacking(s *Scope) string { return c.prog.lacks.lacking(s) }

// Position is where the condition stands.
func (c *Condition) Position() Position { return c.prog.pos }

// Expr is a bare expression whose type the field's `type` tag names: time,
// duration, string, number, bool, any.
type Expr struct {
	Source string
	prog   *program
	want   kind
}

// Eval evaluates the expression.
func (e Expr) Eval(s *Scope) (any, error) {
	if e.prog == nil {
		return nil, nil
	}
	return e.prog.runFor(s, e.want)
}

// kind is what the expression yields, as far as that is known at load.
func (e Expr) kind() kind {
	if e.prog == nil {
		return kindNothing
	}
	return e.prog.kind
}

// fail wraps an error of the value, with the place of the expression.
func (e Expr) fail(err error) error { return e.prog.fail(err) }

// IsZero reports whether it was not given.
func (e Expr) IsZero() bool { return e.Source == "" }

// Position is where the expression stands.
func (e Expr) Position() Position {
	if e.prog == nil {
		return Position{}
	}
	return e.prog.pos
}

// wantedKind turns a type tag into a kind.
func wantedKind(tag string) kind {
	switch tag {
	case "time":
		return kindTime
	case "duration":
		return kindDuration
	case "string":
		return kindText
	case "number":
		return kindNumber
	case "bool":
		return kindBool
	case "list":
		return kindList
	}
	return kindAny
}

// expression compiles an Expr field.
func (d *valueReader) expression(n *yaml.Node, s, tag string) Expr {
	want := wantedKind(tag)
	p := d.bare(n, s, want, unguarded)
	e := Expr{Source: s, prog: p, want: want}
	if p != nil {
		e.Source = p.source
	}
	return e
}

// condition compiles a when.
func (d *valueReader) condition(n *yaml.Node) *Condition {
	n = resolve(n)
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		hint := "write all of it as one expression, joined with and"
		if d.braces(n) {
			hint = "write the names without braces"
		} else if n.Kind == yaml.ScalarNode {
			hint = "write one, or remove the key"
		}
		d.fail(n, "must be an expression, not "+article(n), hint)
		return nil
	}
	p := d.bare(n, n.Value, kindBool, guarded)
	if p == nil {
		return nil
	}
	return &Condition{Source: p.source, prog: p}
}

// bare compiles a scalar that is one expression; ${{ }} around all of it is
// let pass, because it says the same.
func (d *valueReader) bare(n *yaml.Node, s string, want kind, guard guarding) *program {
	m := mapScalar(d.doc.text, n)
	source, offset := s, 0
	if found, open := segments(s); open < 0 && strings.Contains(s, openMark) {
		trimmed := strings.TrimSpace(s)
		if len(found) > 0 && strings.HasPrefix(trimmed, openMark) && strings.HasSuffix(trimmed, closeMark) && countExpr(found) == 1 {
			for _, seg := range found {
				if seg.expr {
					source, offset = seg.text, seg.offset
				}
			}
		} else {
			d.failAt(m.position(0), 0, "${{ }} cannot be used inside an expression", "write the names without it")
			return nil
		}
	}
	p := d.program(m, source, offset, guard)
	if p == nil {
		return nil
	}
	if want != kindAny && p.kind != kindAny && p.kind != want {
		d.failAt(p.pos, len([]rune(p.source)), "expected "+string(want)+", but this is "+string(p.kind), hintForKind(want, p.kind))
		return nil
	}
	return p
}

func countExpr(found []segment) int {
	n := 0
	for _, s := range found {
		if s.expr {
			n++
		}
	}
	return n
}

func hintForKind(want, got kind) string {
	switch {
	case want == kindBool && got == kindText:
		return `compare it, for example with == "…"`
	case want == kindBool:
		return "compare it with something"
	case want == kindTime && got == kindText:
		return "turn it into a time with date()"
	case want == kindTime && got == kindDuration:
		return "add it to a time, such as meeting.meetingStart"
	case want == kindDuration:
		return `write duration("1h")`
	}
	return ""
}
