package docs_test

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/units"
	"github.com/gavel-rules/gavel/rules/values"
)

// referenceOf writes the reference of all kinds in Markdown, from the tags of
// their parameter structs. Examples are YAML files by heading, such as "slack"
// or "connection slack".
func referenceOf(k params.Kinds, examples map[string]string) string {
	var b strings.Builder
	for _, kind := range k.Actions {
		fmt.Fprintf(&b, "## %s\n\n%s\n\n", kind.Name, kind.Doc)
		fmt.Fprintf(&b, "Connection: %s. Timeout of one attempt: %s by default.\n\n", connectionWords(kind), units.Duration(kind.Timeout))
		writeParams(&b, reflect.TypeOf(kind.New()).Elem())
		writeResult(&b, kind)
		writeExample(&b, examples[kind.Name])
	}
	for _, kind := range k.Connections {
		fmt.Fprintf(&b, "## connection %s\n\n%s\n\n", kind.Name, kind.Doc)
		writeParams(&b, reflect.TypeOf(kind.New()).Elem())
		writeExample(&b, examples["connection "+kind.Name])
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func connectionWords(k params.Kind) string {
	switch {
	case k.Connection == "":
		return "none"
	case k.ConnectionOptional:
		return fmt.Sprintf("one of kind `%s`, named with `connection:`; optional", k.Connection)
	}
	return fmt.Sprintf("one of kind `%s`; the one called `%s` unless `connection:` names another", k.Connection, k.Connection)
}

func writeParams(b *strings.Builder, t reflect.Type) {
	b.WriteString("| key | value | default | meaning |\n|---|---|---|---|\n")
	writeParamRows(b, "", t)
	b.WriteString("\n")
}

func writeParamRows(b *strings.Builder, prefix string, t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if options == "rest" {
			name = "NAME"
		}
		switch {
		case name == "-", !f.IsExported() && !f.Anonymous:
			continue
		case options == "inline":
			writeParamRows(b, prefix, f.Type)
			continue
		}
		fmt.Fprintf(b, "| `%s%s` | %s | %s | %s |\n", prefix, name, typeWords(f), defaultWords(f), meaningWords(f))
		if inner := nested(f.Type); inner != nil {
			writeParamRows(b, prefix+name+".", inner)
		}
	}
}

// nested returns the struct type of a key with keys below it, or nil.
func nested(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || params.IsOwn(t) {
		return nil
	}
	return t
}

func typeWords(f reflect.StructField) string {
	if enum := f.Tag.Get("enum"); enum != "" {
		return "`" + strings.Join(strings.Split(enum, ","), "`, `") + "`"
	}
	return typeName(f.Type, f.Tag)
}

func typeName(t reflect.Type, tag reflect.StructTag) string {
	switch reflect.New(t).Interface().(type) {
	case *values.Text:
		return cmp.Or(map[string]string{"header": "text on one line", "address": "address"}[tag.Get("dest")], "text")
	case *values.HTML:
		return "HTML"
	case *values.URL:
		return "URL"
	case *values.Value:
		return "any value"
	case *values.Expr:
		return "expression (" + cmp.Or(tag.Get("type"), "any") + ")"
	case *values.Secret:
		return "secret"
	case *units.Duration, *time.Duration:
		return "duration"
	case *units.Size:
		return "size"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeName(t.Elem(), tag)
	case reflect.Slice:
		return "list: " + typeName(t.Elem(), tag)
	case reflect.Map:
		return "mapping: " + typeName(t.Elem(), tag)
	case reflect.Struct:
		return "mapping"
	case reflect.Bool:
		return "`true`, `false`"
	case reflect.String:
		return "fixed text"
	case reflect.Interface:
		return "any value"
	case reflect.Float32, reflect.Float64:
		return "number"
	}
	return "whole number"
}

func defaultWords(f reflect.StructField) string {
	def := f.Tag.Get("default")
	switch {
	case f.Tag.Get("required") == "true":
		return "required"
	case def != "":
		return "`" + def + "`"
	case f.Type.Kind() == reflect.Bool:
		return "`false`"
	}
	return ""
}

func meaningWords(f reflect.StructField) string {
	words := sentence(f.Tag.Get("doc"), strings.Split(f.Tag.Get("enum"), ",")...)
	if example := f.Tag.Get("example"); example != "" {
		words = strings.TrimSpace(words + " Example: `" + example + "`")
	}
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(words)
}

// sentence adds a capital letter, unless s begins with one of the values, and a
// full stop.
func sentence(s string, values ...string) string {
	if s == "" {
		return ""
	}
	if first, _, _ := strings.Cut(s, " "); !slices.Contains(values, first) {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

func writeResult(b *strings.Builder, k params.Kind) {
	if k.NewResult == nil {
		return
	}
	var rows []string
	fields, first := reflect.VisibleFields(reflect.TypeOf(k.NewResult()).Elem()), map[string]bool{}
	if k.OtherResult != nil {
		fields = append(fields, reflect.VisibleFields(reflect.TypeOf(k.OtherResult()).Elem())...)
	}
	for _, f := range fields {
		if name := f.Tag.Get("expr"); name != "" && name != "-" && !first[name] {
			first[name] = true
			rows = append(rows, fmt.Sprintf("| `actions.<id>.%s` | %s | %s |\n", name, resultName(f.Type), sentence(f.Tag.Get("doc"))))
		}
	}
	if len(rows) == 0 {
		b.WriteString("It returns nothing.\n\n")
		return
	}
	b.WriteString("What later actions see:\n\n| name | value | meaning |\n|---|---|---|\n" + strings.Join(rows, "") + "\n")
}

func resultName(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "time"
	case t.Kind() == reflect.String:
		return "text"
	case t.Kind() == reflect.Slice:
		return "list: " + resultName(t.Elem())
	case t.Kind() == reflect.Map:
		return "mapping: " + resultName(t.Elem())
	}
	return typeName(t, "")
}

func writeExample(b *strings.Builder, example string) {
	if example == "" {
		return
	}
	fmt.Fprintf(b, "```yaml\n%s\n```\n\n", strings.TrimSpace(example))
}

// functionTable writes a Markdown table of the functions that Gavel adds to the
// expression language.
func functionTable() string {
	var b strings.Builder
	b.WriteString("| function | meaning | example | result |\n|---|---|---|---|\n")
	list := eval.Functions()
	slices.SortFunc(list, func(x, y eval.Function) int { return strings.Compare(x.Name, y.Name) })
	for _, f := range list {
		cell := strings.NewReplacer("|", `\|`).Replace
		fmt.Fprintf(&b, "| `%s` | %s | `%s` | `%s` |\n", f.Signature, cell(f.Doc), cell(f.Example), cell(f.Result))
	}
	return b.String()
}
