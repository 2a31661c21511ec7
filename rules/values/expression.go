package values

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/sieve"
	"github.com/gavel-rules/gavel/rules/text"
	"gopkg.in/yaml.v3"
)

// Condition is a compiled expression whose value is true or false.
type Condition struct {
	Source string
	prog   *language.Program
}

// Eval evaluates the condition. A nil condition is true. In a preview, the error
// is an *UnknownError if a result is not known yet.
func (c *Condition) Eval(s *language.Scope) (bool, error) {
	if c == nil || c.prog == nil {
		return true, nil
	}
	v, err := c.prog.Run(s)
	if err != nil || v == nil { // absent is false
		return false, err
	}
	truth, ok := v.(bool)
	if !ok {
		return false, c.prog.Fail(fmt.Errorf("expected %s, but this is %s", language.KindBool, language.KindOfValue(v)))
	}
	return truth, nil
}

// Program returns the compiled condition.
func (c *Condition) Program() *language.Program { return c.prog }

// UsesData reports whether it uses the raw data of the event.
func (c *Condition) UsesData() bool { return c != nil && c.prog != nil && c.prog.Data }

// UsesMemory reports whether it uses what is remembered.
func (c *Condition) UsesMemory() bool { return c != nil && c.prog != nil && c.prog.UsesMemory() }

// Sift returns the part of the condition that can be decided without running it.
func (c *Condition) Sift(f *sieve.Fields, constants language.Constants) *sieve.Condition {
	return c.prog.Sift(f, constants)
}

// Lacking says in words what the condition needs and the event of the scope
// lacks, or "".
func (c *Condition) Lacking(s *language.Scope) string { return c.prog.Lacks.Lacking(s) }

// Position returns the position of the condition.
func (c *Condition) Position() text.Position { return c.prog.Pos }

// Expr is an expression whose type is in the field's `type` tag: time, duration,
// string, number, bool, list or any.
type Expr struct {
	Source string
	prog   *language.Program
	want   language.Kind
}

// Eval evaluates the expression.
func (e Expr) Eval(s *language.Scope) (any, error) {
	if e.prog == nil {
		return nil, nil
	}
	return e.prog.RunFor(s, e.want)
}

// Key evaluates the expression to a text by which something is counted or kept.
// It is empty for an absent value.
func (e Expr) Key(s *language.Scope) (string, error) {
	v, err := e.Eval(s)
	if err != nil {
		return "", err
	}
	switch x := v.(type) {
	case nil:
		return "", nil
	case string:
		return x, nil
	case bool:
		return strconv.FormatBool(x), nil
	}
	if language.KindOfValue(v) != language.KindNumber {
		return "", e.Fail(fmt.Errorf("must be text, a number, or true or false, not %s", language.KindOfValue(v)))
	}
	return fmt.Sprint(v), nil
}

// Kind returns the type of the value, if it is known at load.
func (e Expr) Kind() language.Kind {
	if e.prog == nil {
		return language.KindNothing
	}
	return e.prog.Kind
}

// UsesData reports whether it uses the raw data of the event.
func (e Expr) UsesData() bool { return e.prog != nil && e.prog.Data }

// Constant reports whether the value is the same for every event.
func (e Expr) Constant() bool { return e.prog != nil && e.prog.Constant }

// Element returns the type of the items of a list, if it is known at load.
func (e Expr) Element() language.Result {
	if e.prog == nil {
		return language.AnyResult()
	}
	return e.prog.Element()
}

// Fail wraps an error of the value with the position of the expression.
func (e Expr) Fail(err error) error { return e.prog.Fail(err) }

// IsZero reports whether it is not set.
func (e Expr) IsZero() bool { return e.Source == "" }

// Position returns the position of the expression.
func (e Expr) Position() text.Position {
	if e.prog == nil {
		return text.Position{}
	}
	return e.prog.Pos
}

// wantedKind turns a type tag into a kind.
func wantedKind(tag string) language.Kind {
	switch tag {
	case "time":
		return language.KindTime
	case "duration":
		return language.KindDuration
	case "string":
		return language.KindText
	case "number":
		return language.KindNumber
	case "bool":
		return language.KindBool
	case "list":
		return language.KindList
	}
	return language.KindAny
}

// Expression compiles an Expr field.
func (d *Reader) Expression(n *yaml.Node, s, tag string) Expr {
	want := wantedKind(tag)
	p := d.bare(n, s, want, language.Unguarded)
	e := Expr{Source: s, prog: p, want: want}
	if p != nil {
		e.Source = p.Source
	}
	return e
}

// Condition compiles a when.
func (d *Reader) Condition(n *yaml.Node) *Condition {
	n = text.Resolve(n)
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		hint := "write all of it as one expression, joined with and"
		if d.Braces(n) {
			hint = "write the names without braces"
		} else if n.Kind == yaml.ScalarNode {
			hint = "write one, or remove the key"
		}
		d.Fail(n, "must be an expression, not "+text.Article(n), hint)
		return nil
	}
	p := d.bare(n, n.Value, language.KindBool, language.Guarded)
	if p == nil {
		return nil
	}
	return &Condition{Source: p.Source, prog: p}
}

// bare compiles a scalar that is one expression. ${{ }} around all of it is
// accepted.
func (d *Reader) bare(n *yaml.Node, s string, want language.Kind, guard language.Guarding) *language.Program {
	m := text.MapScalar(d.Doc.Text, n)
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
			d.FailAt(m.Position(0), 0, "${{ }} cannot be used inside an expression", "write the names without it")
			return nil
		}
	}
	p := d.program(m, source, offset, guard)
	if p == nil {
		return nil
	}
	if want != language.KindAny && p.Kind != language.KindAny && p.Kind != want {
		d.FailAt(p.Pos, len([]rune(p.Source)), "expected "+string(want)+", but this is "+string(p.Kind), hintForKind(want, p.Kind))
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

func hintForKind(want, got language.Kind) string {
	switch {
	case want == language.KindBool && got == language.KindText:
		return `compare it, for example with == "…"`
	case want == language.KindBool:
		return "compare it with something"
	case want == language.KindTime && got == language.KindText:
		return "convert it to a time with date()"
	case want == language.KindTime && got == language.KindDuration:
		return "add it to a time, such as meeting.meetingStart"
	case want == language.KindDuration:
		return `write duration("1h")`
	}
	return ""
}
