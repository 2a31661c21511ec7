package export

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gavel-rules/gavel/rules/language/wording"
)

// The formats of rows.
const (
	NDJSON = "ndjson" // one JSON object per line
	CSV    = "csv"    // a header, then one row each
)

// column is one column of a CSV file.
type column[T any] struct {
	name string
	text func(T) string
}

// writeHeader writes the names of the columns.
func writeHeader[T any](w io.Writer, columns []column[T]) error {
	var line []byte
	for i, c := range columns {
		line = appendField(line, i, c.name)
	}
	_, err := w.Write(append(line, '\n'))
	return err
}

// appendRow appends a row of a CSV file.
func appendRow[T any](dst []byte, columns []column[T], row T) []byte {
	for i, c := range columns {
		text := c.text(row)
		if plain(text) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, text...)
			continue
		}
		dst = appendField(dst, i, Cell(text))
	}
	return append(dst, '\n')
}

// plain reports whether a field is written as it is. Most are told apart by a look
// at their bytes; false says nothing.
func plain(text string) bool {
	if text == "" {
		return true
	}
	for i := range len(text) {
		if special[text[i]] {
			return false
		}
	}
	return !leading[text[0]]
}

// special are the bytes that may make a field other than it is, leading those that
// may do so as its first.
var special, leading = bytesOf(";,\"\\\t\r\n"), bytesOf(" \t\r\n\"'=+-@")

func bytesOf(list string) (set [256]bool) {
	for i := range len(list) {
		set[list[i]] = true
	}
	for c := utf8.RuneSelf; c < len(set); c++ {
		set[c] = true
	}
	for _, c := range []byte("\v\f") { // white space as well
		set[c] = true
	}
	return set
}

// appendField appends the i-th field of a row, quoted if necessary, as
// encoding/csv does.
func appendField(dst []byte, i int, text string) []byte {
	if i > 0 {
		dst = append(dst, ',')
	}
	first, _ := utf8.DecodeRuneInString(text)
	if text == "" || text != `\.` && !unicode.IsSpace(first) && !strings.ContainsAny(text, ",\"\r\n") {
		return append(dst, text...)
	}
	dst = append(dst, '"')
	for {
		before, after, found := strings.Cut(text, `"`)
		dst = append(dst, before...)
		if !found {
			return append(dst, '"')
		}
		dst = append(dst, `""`...)
		text = after
	}
}

// appendJSON appends a value as one line of JSON.
func appendJSON(dst []byte, v any) ([]byte, error) {
	b := bytes.NewBuffer(dst)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return dst, err
	}
	return b.Bytes(), nil
}

// Cell makes untrusted text safe for a spreadsheet: it puts an apostrophe before
// what could be read as a formula.
func Cell(text string) string {
	// Most texts are told apart by a look at their bytes.
	if text == "" || !leading[text[0]] && !strings.ContainsAny(text, ";\t\r\n") {
		return text
	}
	return wording.Cell(text)
}
