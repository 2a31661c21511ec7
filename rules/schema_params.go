package rules

import (
	"reflect"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"
)

// Types of values as a rules file may write them. A text may be written as a
// number or as true: it is taken as it stands in the file.
var scalarTypes = []string{"string", "number", "boolean"}

const (
	durationPattern = `^\s*[-+]?((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w))+\s*$|^0$`
	constantPattern = `\$\{\{`
)

// schemaOf describes a parameter struct. In a connection, where ${{ env.X }}
// can stand for any value, constant is true.
func schemaOf(t reflect.Type, constant bool) *schemaNode {
	out := closed(nil)
	for _, p := range paramsOf(t) {
		out.Properties = append(out.Properties, property{p.name, paramSchema(t.FieldByIndex(p.index), p, constant)})
		if p.required {
			out.Required = append(out.Required, p.name)
		}
	}
	return out
}

// paramSchema describes one field with what its tags say.
func paramSchema(f reflect.StructField, p param, constant bool) *schemaNode {
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
func typeSchema(t reflect.Type, p param, constant bool) *schemaNode {
	if t.Kind() == reflect.Pointer {
		return typeSchema(t.Elem(), p, constant)
	}
	switch reflect.New(t).Interface().(type) {
	case *Text, *HTML, *URL, *Expr, *Secret:
		return &schemaNode{Type: scalarTypes}
	case *Value:
		return &schemaNode{}
	case *Duration:
		return withConstant(&schemaNode{Type: "string", Pattern: durationPattern}, constant)
	case *Size:
		return &schemaNode{Type: []string{"string", "integer"}}
	}
	switch t.Kind() {
	case reflect.Struct:
		return schemaOf(t, constant)
	case reflect.Slice:
		item := typeSchema(t.Elem(), p, constant)
		list := &schemaNode{Type: "array", Items: item}
		if t.Elem().Kind() == reflect.Struct && !isOwn(t.Elem()) {
			return list
		}
		return &schemaNode{AnyOf: []*schemaNode{item, list}}
	case reflect.Map:
		return &schemaNode{Type: "object", Rest: typeSchema(t.Elem(), p, constant)}
	case reflect.Bool:
		return withConstant(&schemaNode{Type: "boolean"}, constant)
	case reflect.Float32, reflect.Float64:
		return withConstant(&schemaNode{Type: "number"}, constant)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return withConstant(&schemaNode{Type: "integer"}, constant)
	case reflect.String:
		if p.enum != nil {
			return withConstant(&schemaNode{Enum: anyList(p.enum)}, constant)
		}
		return &schemaNode{Type: scalarTypes}
	}
	return &schemaNode{}
}

// withConstant lets a value be ${{ env.X }} as well.
func withConstant(n *schemaNode, constant bool) *schemaNode {
	if !constant {
		return n
	}
	return &schemaNode{AnyOf: []*schemaNode{n, {Type: "string", Pattern: constantPattern}}}
}

// exampleValue reads an example as the YAML that it is, unless the field takes
// text.
func exampleValue(example string, t reflect.Type) any {
	kind := t.Kind()
	structured := kind == reflect.Map || kind == reflect.Slice && example[0] == '[' || t == reflect.TypeFor[Value]()
	if kind == reflect.Bool || kind == reflect.Int || structured {
		var v any
		if err := yaml.Unmarshal([]byte(example), &v); err == nil {
			return v
		}
	}
	return example
}

// numberTag reads a tag that bounds a number; 0 when there is none.
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

func anyList(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// without drops a property that is described elsewhere.
func (p properties) without(name string) properties {
	return slices.DeleteFunc(slices.Clone(p), func(x property) bool { return x.name == name })
}
