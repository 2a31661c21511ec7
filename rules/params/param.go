package params

import (
	"reflect"
	"strings"
)

// Param is one field of a parameter struct.
type Param struct {
	Name     string
	Index    []int
	required bool
	enum     []string
	def      string
	dest     string // header or address: no control characters
	exprType string // what an Expr must yield
	many     bool   // an item of a list
	// free marks values under keys that the author chose, such as headers:
	// what they hold may be a secret.
	free bool
}

// ParamsOf lists the fields of a struct; embedded structs marked inline count
// as if their fields stood in it.
func ParamsOf(t reflect.Type) []Param {
	var out []Param
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "-" || (!f.IsExported() && !f.Anonymous) {
			continue
		}
		if options == "rest" {
			continue
		}
		if options == "inline" && f.Type.Kind() == reflect.Struct {
			for _, p := range ParamsOf(f.Type) {
				p.Index = append([]int{i}, p.Index...)
				out = append(out, p)
			}
			continue
		}
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		p := Param{
			Name: name, Index: []int{i},
			required: f.Tag.Get("required") == "true",
			def:      f.Tag.Get("default"),
			dest:     f.Tag.Get("dest"),
			exprType: f.Tag.Get("type"),
		}
		if e := f.Tag.Get("enum"); e != "" {
			p.enum = strings.Split(e, ",")
		}
		out = append(out, p)
	}
	return out
}

// RestOf finds the field, marked rest, for the keys that an author chooses. It
// must be a map.
func RestOf(t reflect.Type) (f reflect.StructField, open bool) {
	for i := range t.NumField() {
		if _, options, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ","); options == "rest" {
			return t.Field(i), true
		}
	}
	return f, false
}

// Known remembers the fields of structs, so that one load reads the tags of a
// struct once. It is for one goroutine.
type Known struct{ types map[reflect.Type][]Param }

// NewKnown returns one that knows no struct.
func NewKnown() *Known { return &Known{types: map[reflect.Type][]Param{}} }

// ParamsOf lists the fields of a struct, which must not be changed.
func (k *Known) ParamsOf(t reflect.Type) []Param {
	if k == nil {
		return ParamsOf(t)
	}
	out, ok := k.types[t]
	if !ok {
		out = ParamsOf(t)
		k.types[t] = out
	}
	return out
}
