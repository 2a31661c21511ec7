// Package params fills the parameter structs of actions and connections from
// YAML, describes them as a JSON Schema, and defines the interfaces of a kind of
// action or connection.
package params

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/units"
	"github.com/gavel-rules/gavel/rules/values"
	"gopkg.in/yaml.v3"
)

// Decoder fills parameter structs from YAML. It adds a finding for each mistake
// and continues, so that one load reports all of them.
type Decoder struct {
	values.Reader
	// Beside are keys that belong next to this mapping, not in it.
	Beside []string
	// Now evaluates ${{ }} while decoding (connections and vars).
	Now bool
	// Known caches parameter structs; may be nil.
	Known *Known
}

// Mapping decodes a YAML mapping into a struct. skip are keys that are read
// elsewhere.
func (d *Decoder) Mapping(n *yaml.Node, v reflect.Value, skip ...string) {
	n = text.Resolve(n)
	if n.Kind != yaml.MappingNode {
		d.Fail(n, "must be a mapping of keys and values, not "+text.Article(n), MappingHint(v, n))
		return
	}
	fields := d.Known.ParamsOf(v.Type())
	rest, open := RestOf(v.Type())
	seen := make(map[string]bool, len(n.Content)/2)
	for _, e := range d.Entries(n) {
		seen[e.Name] = true
		i := slices.IndexFunc(fields, func(f Param) bool { return f.Name == e.Name })
		switch {
		case i >= 0:
			d.Entry(e, v.FieldByIndex(fields[i].Index), fields[i])
		case open:
			d.restEntry(e, v.FieldByIndex(rest.Index))
		case !slices.Contains(skip, e.Name):
			// Do not also report the intended key as missing.
			if meant, ok := d.unknownKey(e, fields, skip); ok {
				seen[meant] = true
			}
		}
	}
	for _, f := range fields {
		if seen[f.Name] {
			continue
		}
		if f.required {
			d.Fail(n, text.Quote(f.Name)+" is missing", "add "+f.Name+":")
			continue
		}
		d.setDefault(v.FieldByIndex(f.Index), f)
	}
}

// restEntry adds a key that the author chose to a map.
func (d *Decoder) restEntry(e text.Entry, v reflect.Value) {
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	item := reflect.New(v.Type().Elem()).Elem()
	d.value(e.Value, item, Param{Name: e.Name, free: true})
	v.SetMapIndex(reflect.ValueOf(e.Name), item)
}

// unknownKey reports a key that does not exist. It returns the intended key, if
// it can be guessed.
func (d *Decoder) unknownKey(e text.Entry, fields []Param, skip []string) (meant string, ok bool) {
	names := slices.Clone(skip)
	for _, f := range fields {
		names = append(names, f.Name)
	}
	hint := language.KeyHint(e.Name, names)
	if slices.Contains(d.Beside, e.Name) {
		hint = "move it out one level, next to the kind of action"
	}
	d.Fail(e.Key, "unknown key "+text.Quote(e.Name), hint)
	return language.MeantKey(e.Name, names)
}

// MappingHint shows how to write a bare value with its key: the required one,
// or the first of a matching type.
func MappingHint(v reflect.Value, n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || n.Value == "" || n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return "give it keys: { " + firstKey(v.Type(), "") + ": … }"
	}
	want := ""
	if _, err := units.ParseDuration(n.Value); err == nil {
		want = "Duration"
	}
	if n.Tag == "!!int" {
		want = "int"
	}
	value := text.Clip(n.Value, 40)
	if strings.ContainsAny(value, "#:{}[],&*\"'") {
		value = "…"
	}
	return "give it keys, such as { " + firstKey(v.Type(), want) + ": " + value + " }"
}

// firstKey returns the required key of a struct, or the first of type want.
func firstKey(t reflect.Type, want string) string {
	fields := ParamsOf(t)
	for _, f := range fields {
		if want == "" && f.required || want != "" && t.FieldByIndex(f.Index).Type.Name() == want {
			return f.Name
		}
	}
	if len(fields) == 0 {
		return "key"
	}
	return fields[0].Name
}

// Entry decodes one value, looks at what the tags ask of it, and reports
// whether it is sound.
func (d *Decoder) Entry(e text.Entry, v reflect.Value, f Param) bool {
	return d.Out.Sound(func() { d.entry(e, v, f) })
}

func (d *Decoder) entry(e text.Entry, v reflect.Value, f Param) {
	if e.Value.Tag == "!!null" && e.Value.Kind == yaml.ScalarNode {
		if f.required || v.Kind() != reflect.Interface && v.Type() != reflect.TypeFor[values.Value]() {
			d.Empty(e)
		}
		return
	}
	sound := d.Out.Sound(func() { d.value(e.Value, v, f) })
	if sound && f.required && v.IsZero() && v.Kind() != reflect.Bool && e.Value.Kind == yaml.ScalarNode && e.Value.Value == "" {
		d.Empty(e)
	}
}

// Empty reports a key without a value. YAML reads a value such as #channel as a
// comment.
func (d *Decoder) Empty(e text.Entry) {
	hint := "give it a value or remove it"
	if _, after, ok := strings.Cut(d.Doc.Line(e.Key.Line), e.Name+":"); ok && strings.HasPrefix(strings.TrimSpace(after), "#") {
		hint = "YAML reads # as a comment: put the value in quotes"
	}
	d.Fail(e.Key, text.Quote(e.Name)+" is empty", hint)
}

// setDefault applies a default tag to a plain value that was not given.
func (d *Decoder) setDefault(v reflect.Value, f Param) {
	if f.def == "" {
		return
	}
	switch x := v.Addr().Interface().(type) {
	case *units.Duration:
		if parsed, err := units.ParseDuration(f.def); err == nil {
			*x = parsed
		}
	case *units.Size:
		if parsed, err := units.ParseSize(f.def); err == nil {
			*x = parsed
		}
	case *bool:
		*x = f.def == "true"
	case *int:
		if parsed, err := strconv.Atoi(f.def); err == nil {
			*x = parsed
		}
	case *float64:
		if parsed, err := strconv.ParseFloat(f.def, 64); err == nil {
			*x = parsed
		}
	case *string:
		if slices.Contains(f.enum, f.def) {
			*x = f.def
		}
	}
}

// value decodes any node into v.
func (d *Decoder) value(n *yaml.Node, v reflect.Value, f Param) {
	n = text.Resolve(n)
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, v.Elem(), f)
		return
	}
	if d.own(n, v, f) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(n, v)
	case reflect.Slice:
		d.list(n, v, f)
	case reflect.Map:
		d.dictionary(n, v, f)
	case reflect.Interface:
		if x := d.Plain(n); x != nil {
			v.Set(reflect.ValueOf(x))
		}
	default:
		d.scalar(n, v, f)
	}
}

// Worded is a struct of settings whose expressions have more names than those
// around it, by a zero value of each.
type Worded interface{ Words() map[string]any }

// structure decodes a struct.
func (d *Decoder) structure(n *yaml.Node, v reflect.Value) {
	if own, ok := v.Addr().Interface().(Worded); ok {
		around := d.Words
		d.Words = around.With(own.Words())
		defer func() { d.Words = around }()
	}
	d.Mapping(n, v)
}

// list decodes a list. A single value is a list of one.
func (d *Decoder) list(n *yaml.Node, v reflect.Value, f Param) {
	items := n.Content
	if n.Kind != yaml.SequenceNode {
		if v.Type().Elem().Kind() == reflect.Struct && n.Kind == yaml.MappingNode && !IsOwn(v.Type().Elem()) {
			d.Fail(n, "must be a list, not a mapping", "start each item with a dash")
			return
		}
		items = []*yaml.Node{n}
	}
	out := reflect.MakeSlice(v.Type(), len(items), len(items))
	f.many = true
	for i, item := range items {
		d.value(item, out.Index(i), f)
	}
	v.Set(out)
}

// dictionary decodes a mapping whose keys are free.
func (d *Decoder) dictionary(n *yaml.Node, v reflect.Value, f Param) {
	if n.Kind != yaml.MappingNode {
		d.Fail(n, "must be a mapping of keys and values, not "+text.Article(n), "")
		return
	}
	f.free = true
	out := reflect.MakeMap(v.Type())
	for _, e := range d.Entries(n) {
		if strings.Contains(e.Name, "${{") {
			d.Fail(e.Key, "a key cannot contain ${{ }}", "write the key out")
			continue
		}
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(e.Value, item, f)
		out.SetMapIndex(reflect.ValueOf(e.Name).Convert(v.Type().Key()), item)
	}
	v.Set(out)
}

// MappingOf decodes into the struct that p points to.
func (d *Decoder) MappingOf(n *yaml.Node, p any, skip ...string) {
	d.Mapping(n, reflect.ValueOf(p).Elem(), skip...)
}
