package params

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/gavel-rules/gavel/internal/spelling"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/units"
	"github.com/gavel-rules/gavel/rules/values"
	"gopkg.in/yaml.v3"
)

// IsOwn reports whether values of the type are read by own.
func IsOwn(t reflect.Type) bool {
	switch reflect.New(t).Interface().(type) {
	case *values.Text, *values.HTML, *values.URL, *values.Value, *values.Expr, *values.Secret, *units.Duration, *units.Size:
		return true
	}
	return false
}

// own decodes the value types of Gavel. It reports whether v is one.
func (d *Decoder) own(n *yaml.Node, v reflect.Value, f Param) bool {
	switch x := v.Addr().Interface().(type) {
	case *values.Text:
		d.scalarOf(n, func(s string) {
			sound := d.Out.Sound(func() { *x = d.Text(n, s, f.dest, f.many) })
			if literal, ok := x.Literal(); ok && sound {
				d.choice(n, literal, f)
			}
		})
	case *values.HTML:
		d.scalarOf(n, func(s string) { *x = d.Html(n, s) })
	case *values.URL:
		d.scalarOf(n, func(s string) { *x = d.Url(n, s) })
	case *values.Value:
		*x = d.Tree(n)
	case *values.Expr:
		d.scalarOf(n, func(s string) { *x = d.Expression(n, s, f.exprType) })
	case *values.Secret:
		d.constantly(func() {
			d.constant(n, func(s string) {
				if *x = values.NewSecret(s); !d.ShellSecret(n, s) {
					d.Comp.Secret(s)
				}
			})
		})
	case *units.Duration:
		d.constant(n, func(s string) {
			parsed, err := units.ParseDuration(s)
			if err != nil {
				d.Fail(n, err.Error(), "")
			}
			*x = parsed
		})
	case *units.Size:
		d.constant(n, func(s string) {
			parsed, err := units.ParseSize(s)
			if err != nil {
				d.Fail(n, err.Error(), "")
			}
			*x = parsed
		})
	default:
		return false
	}
	return true
}

// scalarOf calls use with the text of a scalar, as written.
func (d *Decoder) scalarOf(n *yaml.Node, use func(string)) {
	if n.Kind != yaml.ScalarNode {
		hint := ""
		if d.Braces(n) {
			hint = `write "${{ … }}", in quotes, to insert a value`
		}
		d.Fail(n, "must be text, not "+text.Article(n), hint)
		return
	}
	if n.Tag == "!!binary" {
		d.Fail(n, "binary values cannot be used", "write the value as text")
		return
	}
	d.WarnCurly(n)
	use(n.Value)
}

// constant calls use with the text of a scalar, with ${{ }} evaluated if that
// is allowed.
func (d *Decoder) constant(n *yaml.Node, use func(string)) {
	d.scalarOf(n, func(s string) {
		switch {
		case !strings.Contains(s, "${{"):
			use(s)
		case !d.Now:
			d.Fail(n, "${{ }} cannot be used in this value", "write the value out")
		default:
			if out, ok := d.evaluate(n, s); ok {
				use(out)
			}
		}
	})
}

// evaluate renders text that uses only env and vars.
func (d *Decoder) evaluate(n *yaml.Node, s string) (string, bool) {
	var t values.Text
	if !d.Out.Sound(func() { t = d.Text(n, s, "", false) }) {
		return "", false
	}
	out, err := t.Render(d.Comp.Constants, nil)
	if err != nil {
		d.Fail(n, err.Error(), "")
		return "", false
	}
	return out, true
}

// scalar decodes plain strings, numbers and booleans.
func (d *Decoder) scalar(n *yaml.Node, v reflect.Value, f Param) {
	d.Setting = d.Now && !f.free
	defer func() { d.Setting = false }()
	if v.Kind() == reflect.String {
		d.constant(n, func(s string) { d.choice(n, s, f); v.SetString(s) })
		return
	}
	if n.Kind != yaml.ScalarNode || n.Tag == "!!str" && !(d.Now && strings.Contains(n.Value, "${{")) {
		d.wrongType(n, v.Kind())
		return
	}
	d.CheckNumber(n, "write it without the leading sign or zero")
	d.constant(n, func(s string) {
		if !setScalar(v, s) {
			d.wrongType(n, v.Kind())
		}
	})
}

func (d *Decoder) choice(n *yaml.Node, s string, f Param) {
	if f.enum == nil || slices.Contains(f.enum, s) {
		return
	}
	hint := ""
	if best, ok := spelling.Nearest(s, f.enum); ok {
		hint = "did you mean " + text.Quote(best) + "?"
	}
	d.Fail(n, text.Quote(s)+" is not one of "+strings.Join(f.enum, ", "), hint)
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

func (d *Decoder) wrongType(n *yaml.Node, want reflect.Kind) {
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
	d.Fail(n, "must be "+name+", not "+text.Article(n), hint)
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

// Plain converts a node to Go values, with ${{ }} evaluated.
func (d *Decoder) Plain(n *yaml.Node) any {
	var out any
	d.constantly(func() {
		var v values.Value
		if !d.Out.Sound(func() { v = d.Tree(n) }) {
			return
		}
		var err error
		if out, err = v.Render(d.Comp.Constants, nil); err != nil {
			d.Fail(n, err.Error(), "")
		}
	})
	return out
}

// constantly decodes a value that is known without an event, even in an action.
func (d *Decoder) constantly(decode func()) {
	words, now := d.Words, d.Now
	if !now {
		d.Words, d.Now = d.Comp.ConstantVocabulary(), true
	}
	decode()
	d.Words, d.Now = words, now
}
