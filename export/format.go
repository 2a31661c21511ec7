package export

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strings"
)

// The formats that rows are written in.
const (
	NDJSON = "ndjson" // one JSON object per line
	CSV    = "csv"    // a header, then one row each
)

// rows writes one row after the other.
type rows[T any] interface {
	write(T) error
	flush() error
}

// newRows returns what writes rows of T. header is left out where an earlier
// export is gone on with.
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

// formulaStarts are the characters that make a spreadsheet take a cell for a
// formula, their wide forms included.
const formulaStarts = "=+-@\t\r\n＝＋－＠"

// Cell makes text safe to open in a spreadsheet: what could be taken for a
// formula gets an apostrophe in front. Events hold text typed by strangers.
func Cell(text string) string {
	if i := strings.IndexFunc(text, func(r rune) bool { return r != ' ' }); i >= 0 && strings.ContainsAny(text[i:][:runeLength(text[i:])], formulaStarts) {
		return "'" + text
	}
	return text
}

// runeLength is the length of the first character in bytes.
func runeLength(s string) int {
	for i := range s {
		if i > 0 {
			return i
		}
	}
	return len(s)
}
