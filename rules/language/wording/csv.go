package wording

import (
	"encoding/csv"
	"errors"
	"regexp"
	"strings"
)

// formula matches what a spreadsheet may read as the start of a formula,
// including full-width characters: at the start of a cell, and after a character
// that may end one, because in many locales that is a semicolon or a tab.
var formula = regexp.MustCompile(`(^|[;\t\r\n])([ "']*)([=+\-@＝＋－＠])`)

// Cell makes untrusted text safe for a spreadsheet: it puts an apostrophe before
// what could be read as a formula.
func Cell(text string) string {
	if text == "" {
		return text
	}
	if strings.ContainsRune("\t\r\n", rune(text[0])) {
		text = "'" + text
	}
	return formula.ReplaceAllString(text, "$1'$2$3")
}

// MaxCSV is the longest CSV in bytes: what a mail may have attached.
const MaxCSV = 5 << 20

var errCSVTooLong = errors.New("the CSV would be larger than 5 MiB")

// CSV writes rows of comma-separated values below a header. Cells that a
// spreadsheet could read as a formula are made safe, unless plain says that a
// cell is not text, so that negative numbers stay numbers.
func CSV(header []string, rows int, cell func(row, column int) (text string, plain bool)) (string, error) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	line := make([]string, len(header))
	for i, name := range header {
		line[i] = Cell(name)
	}
	_ = w.Write(line) // never fails: it is written to memory
	for row := range rows {
		for i := range header {
			text, plain := cell(row, i)
			if !plain {
				text = Cell(text)
			}
			line[i] = text
		}
		_ = w.Write(line)
		if b.Len() > MaxCSV {
			return "", errCSVTooLong
		}
	}
	w.Flush()
	if b.Len() > MaxCSV {
		return "", errCSVTooLong
	}
	return b.String(), nil
}
