package rules

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// isOwn reports whether values of the type are read by own.
func isOwn(t reflect.Type) bool {
	switch reflect.New(t).Interface().(type) {
	case *Text, *HTML, *URL, *Value, *Expr, *Secret, *Duration, *Size:
		return true
	}
	return false
}

// own decodes the value types of this package. It reports whether v is one.
func (d *decoder) own(n *yaml.Node, v reflect.Value, f param) bool {
	switch x := v.Addr().Interface().(type) {
	case *Text:
		d.scalarOf(n, func(s string) {
			before := d.out.errors()
			*x = d.text(n, s, f.dest, f.many)
			if literal, ok := x.Literal(); ok && d.out.errors() == before {
				d.choice(n, literal, f)
			}
		})
	case *HTML:
		d.scalarOf(n, func(s string) { *x = d.html(n, s) })
	case *URL:
		d.scalarOf(n, func(s string) { *x = d.url(n, s) })
	case *Value:
		*x = d.tree(n)
	case *Expr:
		d.scalarOf(n, func(s string) { *x = d.expression(n, s, f.exprType) })
	case *Secret:
		d.constantly(func() {
			d.constant(n, func(s string) {
				if *x = (Secret{s}); !d.shellSecret(n, s) {
					d.comp.secret(s)
				}
			})
		})
	case *Duration:
		d.constant(n, func(s string) {
			parsed, err := ParseDuration(s)
			if err != nil {
				d.fail(n, err.Error(), "")
			}
			*x = parsed
		})
	case *Size:
		d.constant(n, func(s string) {
			parsed, err := ParseSize(s)
			if err != nil {
				d.fail(n, err.Error(), "")
			}
			*x = parsed
		})
	default:
		return false
	}
	return true
}

// scalarOf calls use with the text of a scalar, numbers and booleans as they
// are written.
func (d *decoder) scalarOf(n *yaml.Node, use func(string)) {
	if n.Kind != yaml.ScalarNode {
		hint := ""
		if d.braces(n) {
			hint = `write "${{ … }}", in quotes, to put a value in place`
		}
		d.fail(n, "must be text, not "+article(n), hint)
		return
	}
	if n.Tag == "!!binary" {
		d.fail(n, "binary values cannot be used", "write the value as text")
		return
	}
	d.warnCurly(n)
	use(n.Value)
}

// constant calls use with the text of a scalar after ${{ }} in it has been
// evaluated, where that is allowed.
func (d *decoder) constant(n *yaml.Node, use func(string)) {
	d.scalarOf(n, func(s string) {
		switch {
		case !strings.Contains(s, "${{"):
			use(s)
		case !d.now:
			d.fail(n, "${{ }} cannot be used in this value", "write the value out")
		default:
			if out, ok := d.evaluate(n, s); ok {
				use(out)
			}
		}
	})
}

// evaluate renders a text that uses only env and vars.
func (d *decoder) evaluate(n *yaml.Node, s string) (string, bool) {
	before := d.out.errors()
	t := d.text(n, s, "", false)
	if d.out.errors() > before {
		return "", false
	}
	out, err := t.Render(d.comp.constants, nil)
	if err != nil {
		d.fail(n, err.Error(), "")
		return "", false
	}
	return out, true
}

// scalar decodes plain strings, numbers and booleans.
func (d *decoder) scalar(n *yaml.Node, v reflect.Value, f param) {
	d.setting = d.now && !f.free
	defer func() { d.setting = false }()
	if v.Kind() == reflect.String {
		d.constant(n, func(s string) { d.choice(n, s, f); v.SetString(s) })
		return
	}
	if n.Kind != yaml.ScalarNode || n.Tag == "!!str" && !(d.now && strings.Contains(n.Value, "${{")) {
		d.wrongType(n, v.Kind())
		return
	}
	d.checkNumber(n, "write it without the sign or zero in front")
	d.constant(n, func(s string) {
		if !setScalar(v, s) {
			d.wrongType(n, v.Kind())
		}
	})
}

func (d *decoder) choice(n *yaml.Node, s string, f param) {
	if f.enum == nil || slices.Contains(f.enum, s) {
		return
	}
	hint := ""
	if best, ok := nearest(s, f.enum); ok {
		hint = "did you mean " + quote(best) + "?"
	}
	d.fail(n, quote(s)+" is not one of "+strings.Join(f.enum, ", "), hint)
}

// setScalar parses s into v, whose kind is a bool or a number.
func setScalar(v reflect.Value, s string) bool {
	switch v.Kind() {
	case reflect.Bool:
		b, err := strconv.ParseBool(strings.ToLower(s))
		v.SetBool(b)
		return err == nil && len(s) > 1
	case reflect.Float64, reflect.Float32:
		x, err := strconv.ParseFloat(s, 64)
		if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
			return false
		}
		v.SetFloat(x)
		return true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		x, err := strconv.ParseInt(s, 0, 64)
		if err != nil || v.OverflowInt(x) {
			return false
		}
		v.SetInt(x)
		return true
	}
	return false
}

func (d *decoder) wrongType(n *yaml.Node, want reflect.Kind) {
	name := "a number"
	switch want {
	case reflect.Bool:
		name = "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		name = "a whole number"
	}
	hint := ""
	switch {
	case want == reflect.Bool && slices.Contains([]string{"yes", "on", "y", "enabled"}, strings.ToLower(n.Value)):
		hint = "write true"
	case want == reflect.Bool && slices.Contains([]string{"no", "off", "n", "disabled"}, strings.ToLower(n.Value)):
		hint = "write false"
	case n.Tag == "!!str" && n.Style != 0 && setScalar(reflect.New(scalarType(want)).Elem(), n.Value):
		hint = "write it without quotes"
	}
	d.fail(n, "must be "+name+", not "+article(n), hint)
}

func scalarType(want reflect.Kind) reflect.Type {
	switch want {
	case reflect.Bool:
		return reflect.TypeFor[bool]()
	case reflect.Float32, reflect.Float64:
		return reflect.TypeFor[float64]()
	}
	return reflect.TypeFor[int64]()
}

// plain turns a node into Go values, with ${{ }} evaluated.
func (d *decoder) plain(n *yaml.Node) any {
	var out any
	d.constantly(func() {
		before := d.out.errors()
		v := d.tree(n)
		if d.out.errors() > before {
			return
		}
		var err error
		if out, err = v.Render(d.comp.constants, nil); err != nil {
			d.fail(n, err.Error(), "")
		}
	})
	return out
}

// constantly decodes a value that is known without an event, wherever it
// stands.
func (d *decoder) constantly(decode func()) {
	words, now := d.words, d.now
	if !now {
		d.words, d.now = d.comp.constantVocabulary(), true
	}
	decode()
	d.words, d.now = words, now
}
