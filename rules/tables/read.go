package tables

import (
	"encoding/csv"
	"errors"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/rules/text"
)

// Read reads a table. It returns nil if there is a mistake, which it reports.
func Read(s text.Source, spec Spec, out *text.Collector) *Table {
	if f := text.CheckTable(s); f != nil {
		out.Add(*f)
		return nil
	}
	f := &file{name: s.Name, content: lines(s.Content)}
	r := &reader{file: f, out: out, spec: spec, csv: csv.NewReader(strings.NewReader(f.content))}
	r.csv.FieldsPerRecord, r.csv.ReuseRecord, r.csv.Comma = -1, true, separator(f.content)
	if !r.header() {
		return nil
	}
	for r.row() {
	}
	if f.found > 0 {
		return nil
	}
	t := r.table
	t.byKey = make(map[string]int, t.list.Len())
	for i := range t.list.Len() {
		if key := fold(r.keys[i]); key != "" {
			if _, again := t.byKey[key]; !again {
				t.byKey[key] = i
			}
		}
	}
	return t
}

// lines returns the text without a byte order mark, and with line feeds where a
// file has only carriage returns.
func lines(content []byte) string {
	s := strings.TrimPrefix(string(content), "\ufeff")
	if !strings.Contains(s, "\n") {
		s = strings.ReplaceAll(s, "\r", "\n")
	}
	return s
}

// separator is a comma, or what spreadsheets write in countries whose decimals
// have a comma.
func separator(s string) rune {
	header, _, _ := strings.Cut(s, "\n")
	for _, c := range ",;\t" {
		if strings.ContainsRune(header, c) {
			return c
		}
	}
	return ','
}

type reader struct {
	*file
	out   *text.Collector
	spec  Spec
	csv   *csv.Reader
	table *Table
	kinds []string
	keys  []string
}

var columnName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// header reads the first line and reports whether rows can be read.
func (r *reader) header() bool {
	names, err := r.csv.Read()
	switch {
	case errors.Is(err, io.EOF):
		r.fail(r.out, 1, 1, "the table is empty", "begin it with a line of column names")
		return false
	case err != nil:
		r.broken(err)
		return false
	case len(names) > maxColumns:
		r.fail(r.out, 1, 1, "the table has "+itoa(len(names))+" columns, more than "+itoa(maxColumns), "remove some")
		return false
	}
	t := &Table{Name: r.spec.Name, file: r.file}
	for i, name := range names {
		line, column := r.csv.FieldPos(i)
		name = strings.TrimSpace(name)
		switch {
		case name == "":
			r.fail(r.out, line, column, "column "+itoa(i+1)+" has no name", "give each column a name")
		case !columnName.MatchString(name):
			r.fail(r.out, line, column, "column name "+text.Quote(text.Clip(name, 60))+" is not allowed", "use letters, digits and _, and begin with a letter, so that it can be written in expressions")
		case slices.Contains(t.Columns, name):
			r.fail(r.out, line, column, "column "+text.Quote(name)+" is there twice", "rename one of them")
		}
		t.Columns = append(t.Columns, name)
		kind := r.spec.Columns[name]
		if kind == "" {
			kind = "text"
		}
		r.kinds = append(r.kinds, kind)
	}
	for _, name := range r.wanted() {
		if !slices.Contains(t.Columns, name) {
			r.fail(r.out, 1, 1, "column "+text.Quote(name)+" is missing", text.Suggest(name, t.Columns))
		}
	}
	if r.found > 0 {
		return false
	}
	t.at = max(slices.Index(t.Columns, r.spec.Key), 0)
	row := rowType(t.Columns, r.kinds)
	t.list, t.zero = reflect.MakeSlice(reflect.SliceOf(reflect.PointerTo(row)), 0, 16), reflect.New(row).Interface()
	r.table = t
	return true
}

// wanted lists the columns that the rules name.
func (r *reader) wanted() []string {
	var out []string
	for name := range r.spec.Columns {
		out = append(out, name)
	}
	if r.spec.Key != "" {
		out = append(out, r.spec.Key)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// row reads one row and reports whether there may be more.
func (r *reader) row() bool {
	cells, err := r.csv.Read()
	t := r.table
	switch {
	case errors.Is(err, io.EOF):
		return false
	case err != nil:
		r.broken(err)
		return false
	case r.found > maxFindings:
		return false
	}
	line, _ := r.csv.FieldPos(0)
	if t.list.Len() == maxRows {
		r.fail(r.out, line, 1, "the table has more than "+itoa(maxRows)+" rows", "split it, or keep the data where an http action can ask for it")
		return false
	}
	if len(cells) != len(t.Columns) {
		r.fail(r.out, line, 1, "this row has "+count(len(cells), "cell")+", the header has "+itoa(len(t.Columns)), "put a cell that contains a separator in double quotes")
		return true
	}
	row := reflect.New(t.Type().Elem())
	for i, cell := range cells {
		if problem := set(row.Elem().Field(i), r.kinds[i], strings.TrimSpace(cell)); problem != "" {
			at, column := r.csv.FieldPos(i)
			r.fail(r.out, at, column, text.Quote(text.Clip(cell, 40))+" in column "+t.Columns[i]+" is not "+problem, "")
		}
	}
	t.list = reflect.Append(t.list, row)
	t.lines, r.keys = append(t.lines, line), append(r.keys, strings.Clone(cells[t.at]))
	return true
}

// set reads a cell into a field, and says what it should have been. An empty
// cell is absent.
func set(field reflect.Value, kind, cell string) (problem string) {
	if cell == "" {
		return ""
	}
	switch kind {
	case "number":
		n, ok := number(cell)
		if !ok {
			return "a number; write it as 1234.5"
		}
		field.Set(reflect.ValueOf(n))
	case "bool":
		switch strings.ToLower(cell) {
		case "true", "yes":
			field.SetBool(true)
		case "false", "no":
		default:
			return "true or false"
		}
	case "time":
		for _, layout := range []string{time.RFC3339, time.DateOnly} {
			if t, err := time.Parse(layout, cell); err == nil {
				field.Set(reflect.ValueOf(t))
				return ""
			}
		}
		return "a time; write it as 2026-01-31 or 2026-01-31T09:30:00Z"
	default:
		field.SetString(strings.Clone(cell))
	}
	return ""
}

func timeType() reflect.Type { return reflect.TypeFor[time.Time]() }

// broken reports what the reader of the format does not understand.
func (r *reader) broken(err error) {
	var at *csv.ParseError
	if !errors.As(err, &at) {
		r.fail(r.out, 1, 1, "not a table: "+err.Error(), "")
		return
	}
	switch {
	case errors.Is(err, csv.ErrBareQuote):
		r.fail(r.out, at.Line, at.Column, "a double quote in a cell without quotes", "put the whole cell in double quotes, and write each one inside twice")
	case errors.Is(err, csv.ErrQuote):
		r.fail(r.out, at.Line, at.Column, "the quotes of this cell do not match", "write each double quote inside of it twice")
	default:
		r.fail(r.out, at.Line, at.Column, "not a table: "+at.Err.Error(), "")
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return itoa(n) + " " + word + "s"
}
