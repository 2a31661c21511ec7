package terminal

import (
	"encoding/csv"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gavel-rules/gavel/export"
)

// Column is a column of a table.
type Column struct {
	Name string
	// Flexible columns are cut on a narrow terminal.
	Flexible bool
	// Drop says when a narrow terminal leaves the column out: 0 never, 1 first.
	Drop int
}

// Cell is a text or a time in a table.
type Cell struct {
	Text  string
	At    time.Time // if Text is empty
	Paint Paint
}

// Text makes cells of texts.
func Text(texts ...string) []Cell {
	out := make([]Cell, len(texts))
	for i, t := range texts {
		out[i].Text = t
	}
	return out
}

// At makes a cell of a time.
func At(t time.Time) Cell { return Cell{At: t} }

// flexibleLeast is how wide a flexible column is at least.
const flexibleLeast = 16

// shown returns the cell for people: relative to now on a terminal.
func (c Cell) shown(terminal bool, now time.Time) string {
	switch {
	case c.Text != "" || c.At.IsZero():
		return Safe(c.Text)
	case terminal:
		return Ago(c.At, now)
	}
	return Clock(c.At)
}

// Table prints rows under a header. On a terminal it fits its width: columns
// are left out, then flexible ones are cut.
func (s *Screen) Table(columns []Column, rows [][]Cell) error {
	now := time.Now()
	texts := make([][]string, 0, len(rows)+1)
	header := make([]string, len(columns))
	for i, c := range columns {
		header[i] = c.Name
	}
	texts = append(texts, header)
	for _, row := range rows {
		line := make([]string, len(columns))
		for i := range row {
			line[i] = row[i].shown(s.Terminal, now)
		}
		texts = append(texts, line)
	}
	widths := fit(columns, texts, s.Width)
	for n, line := range texts {
		var b strings.Builder
		for i, text := range line {
			if widths[i] < 0 {
				continue
			}
			text = cut(text, widths[i])
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)+2)
			paint := Soft
			if n > 0 {
				paint = rows[n-1][i].Paint
			}
			b.WriteString(s.Painted(paint, text) + pad)
		}
		if _, err := io.WriteString(s, strings.TrimRight(b.String(), " ")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// fit returns the widths of the columns; -1 for those left out. limit 0 means
// that there is room for all.
func fit(columns []Column, texts [][]string, limit int) []int {
	widths := make([]int, len(columns))
	for _, line := range texts {
		for i, text := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	if limit <= 0 {
		return widths
	}
	least := func() int {
		sum := -2
		for i, w := range widths {
			switch {
			case w < 0:
			case columns[i].Flexible:
				sum += min(w, flexibleLeast) + 2
			default:
				sum += w + 2
			}
		}
		return sum
	}
	for drop := 1; drop <= len(columns) && least() > limit; drop++ {
		for i, c := range columns {
			if c.Drop == drop {
				widths[i] = -1
			}
		}
	}
	left := max(0, limit-least())
	for i := len(columns) - 1; i >= 0; i-- { // the last one, the reason, first
		if c := columns[i]; c.Flexible && widths[i] > flexibleLeast {
			more := min(left, widths[i]-flexibleLeast)
			widths[i], left = flexibleLeast+more, left-more
		}
	}
	return widths
}

func cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:max(0, width-1)]) + "…"
}

// CSV writes rows for spreadsheets, with exact times; no cell is read as a
// formula.
func CSV(w io.Writer, columns []Column, rows [][]Cell) error {
	out := csv.NewWriter(w)
	line := make([]string, len(columns))
	for i, c := range columns {
		line[i] = strings.ToLower(strings.ReplaceAll(c.Name, " ", "_"))
	}
	_ = out.Write(line) // Error, below, returns the first error
	for _, row := range rows {
		for i, c := range row {
			line[i] = export.Cell(c.Text)
			if c.Text == "" && !c.At.IsZero() {
				line[i] = c.At.UTC().Format(time.RFC3339Nano)
			}
		}
		_ = out.Write(line) // as above
	}
	out.Flush()
	return out.Error()
}
