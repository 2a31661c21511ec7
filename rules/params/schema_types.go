package params

import (
	"reflect"
	"slices"
	"strconv"

	"github.com/gavel-rules/gavel/rules/units"
	"github.com/gavel-rules/gavel/rules/values"
	"gopkg.in/yaml.v3"
)

// scalarTypes are the types of a text value: 5 and true are accepted as text.
var scalarTypes = []string{"string", "number", "boolean"}

const (
	durationPattern = `^\s*[-+]?((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w))+\s*$|^0$`
	constantPattern = `\$\{\{`
)

// SchemaOf describes a parameter struct. constant allows ${{ env.X }} for any
// value, as in connections.
func SchemaOf(t reflect.Type, constant bool) *SchemaNode {
	out := closed(nil)
	for _, p := range ParamsOf(t) {
		out.Properties = append(out.Properties, Property{p.Name, paramSchema(t.FieldByIndex(p.Index), p, constant)})
		if p.required {
			out.Required = append(out.Required, p.Name)
		}
	}
	if rest, open := RestOf(t); open {
		out.Rest = paramSchema(reflect.StructField{Type: rest.Type.Elem(), Tag: rest.Tag}, Param{}, constant)
	}
	return out
}

// paramSchema describes one field from its tags.
func paramSchema(f reflect.StructField, p Param, constant bool) *SchemaNode {
	n := typeSchema(f.Type, p, constant)
	n.Description = f.Tag.Get("doc")
	if example := f.Tag.Get("example"); example != "" {
		n.Examples = []any{exampleValue(example, f.Type)}
	}
	n.Default = defaultValue(p.def, f.Type)
	n.Minimum, n.Maximum = numberTag(f, "min"), numberTag(f, "max")
	return n
}

// typeSchema describes the values of a type.
func typeSchema(t reflect.Type, p Param, constant bool) *SchemaNode {
	if t.Kind() == reflect.Pointer {
		return typeSchema(t.Elem(), p, constant)
	}
	switch reflect.New(t).Interface().(type) {
	case *values.Text, *values.HTML, *values.URL, *values.Expr, *values.Secret:
		return &SchemaNode{Type: scalarTypes}
	case *values.Value:
		return &SchemaNode{}
	case *units.Duration:
		return withConstant(&SchemaNode{Type: "string", Pattern: durationPattern}, constant)
	case *units.Size:
		return &SchemaNode{Type: []string{"string", "integer"}}
	}
	switch t.Kind() {
	case reflect.Struct:
		return SchemaOf(t, constant)
	case reflect.Slice:
		item := typeSchema(t.Elem(), p, constant)
		list := &SchemaNode{Type: "array", Items: item}
		if t.Elem().Kind() == reflect.Struct && !IsOwn(t.Elem()) {
			return list
		}
		return &SchemaNode{AnyOf: []*SchemaNode{item, list}}
	case reflect.Map:
		return &SchemaNode{Type: "object", Rest: typeSchema(t.Elem(), p, constant)}
	case reflect.Bool:
		return withConstant(&SchemaNode{Type: "boolean"}, constant)
	case reflect.Float32, reflect.Float64:
		return withConstant(&SchemaNode{Type: "number"}, constant)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return withConstant(&SchemaNode{Type: "integer"}, constant)
	case reflect.String:
		if p.enum != nil {
			return withConstant(&SchemaNode{Enum: enumValues(p.enum)}, constant)
		}
		return &SchemaNode{Type: scalarTypes}
	}
	return &SchemaNode{}
}

// withConstant also allows ${{ env.X }}.
func withConstant(n *SchemaNode, constant bool) *SchemaNode {
	if !constant {
		return n
	}
	return &SchemaNode{AnyOf: []*SchemaNode{n, {Type: "string", Pattern: constantPattern}}}
}

// exampleValue parses an example as YAML, unless the field is text.
func exampleValue(example string, t reflect.Type) any {
	kind := t.Kind()
	structured := kind == reflect.Map || kind == reflect.Slice && example[0] == '[' || t == reflect.TypeFor[values.Value]()
	if kind == reflect.Bool || kind == reflect.Int || structured {
		var v any
		if err := yaml.Unmarshal([]byte(example), &v); err == nil {
			return v
		}
	}
	return example
}

// numberTag reads the tag min or max; 0 if there is none.
func numberTag(f reflect.StructField, tag string) int {
	n, err := strconv.Atoi(f.Tag.Get(tag))
	if err != nil {
		return 0
	}
	return n
}

func defaultValue(def string, t reflect.Type) any {
	switch t.Kind() {
	case reflect.Bool:
		if def != "" {
			return def == "true"
		}
	case reflect.Int:
		if n, err := strconv.Atoi(def); err == nil {
			return n
		}
	}
	if def == "" {
		return nil
	}
	return def
}

// enumValues are the values of an enum as YAML reads them.
func enumValues(list []string) []any {
	out := AnyList(list)
	for i, s := range list {
		if s == "true" || s == "false" {
			out[i] = s == "true"
		}
	}
	return out
}

func AnyList(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// Without returns the properties without one.
func (p Properties) Without(name string) Properties {
	return slices.DeleteFunc(slices.Clone(p), func(x Property) bool { return x.Name == name })
}
