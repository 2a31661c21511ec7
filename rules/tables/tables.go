// Package tables reads the tables beside rules: files of comma-separated values
// with a header, whose rows expressions look up by key or go through in order.
package tables

import (
	"reflect"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/text"
)

// Limits of one table.
const (
	maxRows    = 100_000
	maxColumns = 100
	// maxFindings is how many mistakes of one table are reported.
	maxFindings = 20
)

// Spec says how a file is read.
type Spec struct {
	Name string
	// Key is the column that rows are looked up by; empty means the first.
	Key string
	// Columns are the types of columns by name: text, number, bool or time. All
	// others are text.
	Columns map[string]string
}

// Kinds are the types that a column can have.
func Kinds() []string { return []string{"text", "number", "bool", "time"} }

// Table is one table. It never changes.
type Table struct {
	Name    string
	Columns []string
	list    reflect.Value // of pointers to rows
	zero    any           // a row without values
	at      int           // the index of the key column
	byKey   map[string]int
	file    *file
	lines   []int // of the rows
}

// List returns all rows in the order of the file.
func (t *Table) List() any { return t.list.Interface() }

// Type returns the type of a row.
func (t *Table) Type() reflect.Type { return t.list.Type().Elem() }

// Row returns the row of a key, or one without values. Case and outer spaces of
// the key do not matter.
func (t *Table) Row(key any) any {
	if i, ok := t.byKey[fold(eval.Display(key))]; ok && key != nil {
		return t.list.Index(i).Interface()
	}
	return t.zero
}

// Has reports whether there is a row of the key.
func (t *Table) Has(key string) bool {
	_, ok := t.byKey[fold(key)]
	return ok
}

// Key returns the name of the key column.
func (t *Table) Key() string { return t.Columns[t.at] }

func fold(key string) string { return strings.ToLower(strings.TrimSpace(key)) }

// rowType makes the type of rows: a struct, so that a misspelt column is found
// when the rules are loaded.
func rowType(columns, kinds []string) reflect.Type {
	fields := make([]reflect.StructField, len(columns))
	for i, name := range columns {
		fields[i] = reflect.StructField{
			Name: "C" + string(rune('A'+i/26)) + string(rune('A'+i%26)), Type: goType(kinds[i]),
			Tag: reflect.StructTag(`expr:"` + name + `" json:"` + name + `"`),
		}
	}
	return reflect.StructOf(fields)
}

func goType(kind string) reflect.Type {
	switch kind {
	case "number":
		return reflect.TypeFor[any]() // exact, and absent if the cell is empty
	case "bool":
		return reflect.TypeFor[bool]()
	case "time":
		return timeType()
	}
	return reflect.TypeFor[string]()
}

// CheckKeys reports empty and repeated keys, which a table must not have that is
// looked up by key.
func (t *Table) CheckKeys(out *text.Collector) {
	first := map[string]int{}
	for i := range t.list.Len() {
		key := eval.Display(t.list.Index(i).Elem().Field(t.at).Interface())
		k := fold(key)
		before, again := first[k]
		switch {
		case k == "":
			t.file.fail(out, t.lines[i], 1, "the key ("+t.Key()+") is empty", "fill it in, or remove the row")
		case again:
			t.file.fail(out, t.lines[i], 1, text.Quote(text.Clip(key, 60))+" is the key ("+t.Key()+") of two rows; the first is in line "+itoa(t.lines[before]), "remove one of them")
		default:
			first[k] = i
		}
	}
}

// file is a table's file while it is read.
type file struct {
	name    string
	content string
	found   int // mistakes so far
}

// fail reports a mistake at a line and a byte column.
func (f *file) fail(out *text.Collector, line, column int, message, hint string) {
	f.found++
	if f.found > maxFindings {
		out.Suppress()
		return
	}
	if f.found == maxFindings {
		message, hint = message+"; more mistakes of this file are not listed", ""
	}
	source := f.line(line)
	at := 1 + utf8.RuneCountInString(source[:min(max(column-1, 0), len(source))])
	out.Add(text.Finding{Pos: text.Position{File: f.name, Line: line, Column: at}, Message: message, Hint: hint, Source: source})
}

func (f *file) line(n int) string {
	i := 0
	for l := range strings.Lines(f.content) {
		if i++; i == n {
			return strings.TrimRight(l, "\r\n")
		}
	}
	return ""
}

// plainNumber matches numbers without leading zeros, which codes have.
var plainNumber = regexp.MustCompile(`^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$`)

func number(cell string) (any, bool) { return event.NumberOf(cell), plainNumber.MatchString(cell) }
