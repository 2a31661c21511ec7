package export

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"regexp"
	"strings"
)

// The formats of rows.
const (
	NDJSON = "ndjson" // one JSON object per line
	CSV    = "csv"    // a header, then one row each
)

// rows writes rows.
type rows[T any] interface {
	write(T) error
	flush() error
}

// newRows returns a writer of rows. header is false when an earlier export is
// continued.
func newRows[T any](w io.Writer, format string, columns []column[T], line func(T) any, header bool) (rows[T], error) {
	if format != CSV {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return &jsonRows[T]{enc, line}, nil
	}
	c := &csvRows[T]{w: csv.NewWriter(w), columns: columns}
	if !header {
		return c, nil
	}
	names := make([]string, 0, len(columns))
	for _, col := range columns {
		names = append(names, col.name)
	}
	return c, c.w.Write(names)
}

type jsonRows[T any] struct {
	enc  *json.Encoder
	line func(T) any
}

func (r *jsonRows[T]) write(v T) error { return r.enc.Encode(r.line(v)) }
func (r *jsonRows[T]) flush() error    { return nil }

// column is one column of a CSV file.
type column[T any] struct {
	name string
	text func(T) string
}

type csvRows[T any] struct {
	w       *csv.Writer
	columns []column[T]
	cells   []string
}

func (r *csvRows[T]) write(v T) error {
	r.cells = r.cells[:0]
	for _, c := range r.columns {
		r.cells = append(r.cells, Cell(c.text(v)))
	}
	return r.w.Write(r.cells)
}

func (r *csvRows[T]) flush() error {
	r.w.Flush()
	return r.w.Error()
}

// formula matches what a spreadsheet may read as the start of a formula,
// including full-width characters: at the start of a cell, and after a character
// that may end one, because in many locales that is a semicolon or a tab.
var formula = regexp.MustCompile(`(^|[;\t\r\n])([ "']*)([=+\-@＝＋－＠])`)

// Cell makes untrusted text safe for a spreadsheet: it puts an apostrophe before
// what could be read as a formula.
func Cell(text string) string {
	if text != "" && strings.ContainsRune("\t\r\n", rune(text[0])) {
		text = "'" + text
	}
	return formula.ReplaceAllString(text, "$1'$2$3")
}
