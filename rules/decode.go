package rules

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// decoder fills parameter structs from YAML. It adds a finding for everything
// that does not fit and goes on, so that one load reports all mistakes.
type decoder struct {
	valueReader
	// beside are keys that belong next to this mapping, not into it.
	beside []string
	// now evaluates ${{ }} while decoding: connections and vars.
	now bool
}

// param is one field of a parameter struct.
type param struct {
	name     string
	index    []int
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

// paramsOf lists the fields of a struct; embedded structs marked inline count
// as if their fields stood in it.
func paramsOf(t reflect.Type) []param {
	var out []param
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "-" || (!f.IsExported() && !f.Anonymous) {
			continue
		}
		if options == "inline" && f.Type.Kind() == reflect.Struct {
			for _, p := range paramsOf(f.Type) {
				p.index = append([]int{i}, p.index...)
				out = append(out, p)
			}
			continue
		}
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		p := param{
			name: name, index: []int{i},
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

// mapping decodes a YAML mapping into a struct. skip names keys that somebody
// else reads.
func (d *decoder) mapping(n *yaml.Node, v reflect.Value, skip ...string) {
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		d.fail(n, "must be a mapping of keys and values, not "+article(n), mappingHint(v, n))
		return
	}
	fields := paramsOf(v.Type())
	names := slices.Clone(skip)
	for _, f := range fields {
		names = append(names, f.name)
	}
	seen := map[string]bool{}
	for _, e := range d.entries(n) {
		seen[e.name] = true
		i := slices.IndexFunc(fields, func(f param) bool { return f.name == e.name })
		switch {
		case i >= 0:
			d.entry(e, v.FieldByIndex(fields[i].index), fields[i])
		case !slices.Contains(skip, e.name):
			hint := keyHint(e.name, names)
			if slices.Contains(d.beside, e.name) {
				hint = "move it out by one level, beside the kind of action"
			}
			d.fail(e.key, "unknown key "+quote(e.name), hint)
			// The misspelt key is the one mistake; do not also call the key
			// that was meant missing.
			if meant, ok := meantKey(e.name, names); ok {
				seen[meant] = true
			}
		}
	}
	for _, f := range fields {
		if seen[f.name] {
			continue
		}
		if f.required {
			d.fail(n, quote(f.name)+" is missing", "add "+f.name+": to it")
			continue
		}
		d.setDefault(v.FieldByIndex(f.index), f)
	}
}

// mappingHint shows how a value that stands alone would be written with its
// key: the required one, or the first that takes such a value.
func mappingHint(v reflect.Value, n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || n.Value == "" || n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return "give it keys: { " + firstKey(v.Type(), "") + ": … }"
	}
	want := ""
	if _, err := ParseDuration(n.Value); err == nil {
		want = "Duration"
	}
	if n.Tag == "!!int" {
		want = "int"
	}
	value := clip(n.Value, 40)
	if strings.ContainsAny(value, "#:{}[],&*\"'") {
		value = "…"
	}
	return "give it keys, such as { " + firstKey(v.Type(), want) + ": " + value + " }"
}

// firstKey is the required key of a struct, or the first of the wanted type.
func firstKey(t reflect.Type, want string) string {
	fields := paramsOf(t)
	for _, f := range fields {
		if want == "" && f.required || want != "" && t.FieldByIndex(f.index).Type.Name() == want {
			return f.name
		}
	}
	if len(fields) == 0 {
		return "key"
	}
	return fields[0].name
}

// entry decodes one value and looks at what the tags ask of it.
func (d *decoder) entry(e entry, v reflect.Value, f param) {
	if e.value.Tag == "!!null" && e.value.Kind == yaml.ScalarNode {
		if f.required || v.Kind() != reflect.Interface && v.Type() != reflect.TypeFor[Value]() {
			d.empty(e)
		}
		return
	}
	before := d.out.errors()
	d.value(e.value, v, f)
	if d.out.errors() == before && f.required && v.IsZero() && v.Kind() != reflect.Bool && e.value.Kind == yaml.ScalarNode && e.value.Value == "" {
		d.empty(e)
	}
}

// empty reports a key without a value. A value such as #channel is taken for
// a comment by YAML, which is worth saying.
func (d *decoder) empty(e entry) {
	hint := "give it a value or remove it"
	if _, after, ok := strings.Cut(d.doc.line(e.key.Line), e.name+":"); ok && strings.HasPrefix(strings.TrimSpace(after), "#") {
		hint = "YAML takes # for a comment: put the value in quotes"
	}
	d.fail(e.key, quote(e.name)+" is empty", hint)
}

// setDefault applies a default tag to a plain value that was not given.
func (d *decoder) setDefault(v reflect.Value, f param) {
	if f.def == "" {
		return
	}
	switch x := v.Addr().Interface().(type) {
	case *Duration:
		if parsed, err := ParseDuration(f.def); err == nil {
			*x = parsed
		}
	case *Size:
		if parsed, err := ParseSize(f.def); err == nil {
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
func (d *decoder) value(n *yaml.Node, v reflect.Value, f param) {
	n = resolve(n)
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
		d.mapping(n, v)
	case reflect.Slice:
		d.list(n, v, f)
	case reflect.Map:
		d.dictionary(n, v, f)
	case reflect.Interface:
		if x := d.plain(n); x != nil {
			v.Set(reflect.ValueOf(x))
		}
	default:
		d.scalar(n, v, f)
	}
}

// list decodes a list; one value alone is a list of one.
func (d *decoder) list(n *yaml.Node, v reflect.Value, f param) {
	items := n.Content
	if n.Kind != yaml.SequenceNode {
		if v.Type().Elem().Kind() == reflect.Struct && n.Kind == yaml.MappingNode && !isOwn(v.Type().Elem()) {
			d.fail(n, "must be a list, not a mapping", "start each item with a dash")
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
func (d *decoder) dictionary(n *yaml.Node, v reflect.Value, f param) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, "must be a mapping of keys and values, not "+article(n), "")
		return
	}
	f.free = true
	out := reflect.MakeMap(v.Type())
	for _, e := range d.entries(n) {
		if strings.Contains(e.name, "${{") {
			d.fail(e.key, "a key cannot hold ${{ }}", "write the key out")
			continue
		}
		item := reflect.New(v.Type().Elem()).Elem()
		d.value(e.value, item, f)
		out.SetMapIndex(reflect.ValueOf(e.name).Convert(v.Type().Key()), item)
	}
	v.Set(out)
}

// mappingOf decodes into a struct that p points at.
func (d *decoder) mappingOf(n *yaml.Node, p any, skip ...string) {
	d.mapping(n, reflect.ValueOf(p).Elem(), skip...)
}
