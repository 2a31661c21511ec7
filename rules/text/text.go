package text

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// Text is the content of one file with the starts of its lines, to convert
// between offsets and lines and columns.
type Text struct {
	Name   string
	Raw    string
	starts []int // byte offset of each line
}

func NewText(name string, content []byte) *Text {
	t := &Text{Name: name, Raw: strings.TrimPrefix(string(content), "\ufeff"), starts: []int{0}}
	for i := 0; i < len(t.Raw); {
		if n := lineBreak(t.Raw[i:]); n > 0 {
			i += n
			t.starts = append(t.starts, i)
			continue
		}
		i++
	}
	return t
}

// lineBreak returns the length of the line break that s starts with. YAML has
// more line breaks than \n, so line numbers must count them too.
func lineBreak(s string) int {
	switch {
	case strings.HasPrefix(s, "\r\n"):
		return 2
	case s[0] == '\n' || s[0] == '\r':
		return 1
	case strings.HasPrefix(s, "\u0085"):
		return 2
	case strings.HasPrefix(s, "\u2028") || strings.HasPrefix(s, "\u2029"):
		return 3
	}
	return 0
}

// Line returns line n, counted from 1, without its line break.
func (t *Text) Line(n int) string {
	if n < 1 || n > len(t.starts) {
		return ""
	}
	end := len(t.Raw)
	if n < len(t.starts) {
		end = t.starts[n]
	}
	return strings.TrimRight(t.Raw[t.starts[n-1]:end], "\r\n\u0085\u2028\u2029")
}

// Offset returns the offset of a line and column in Raw.
func (t *Text) Offset(line, column int) int {
	if line < 1 || line > len(t.starts) {
		return len(t.Raw)
	}
	i := t.starts[line-1]
	for ; column > 1 && i < len(t.Raw); column-- {
		_, n := utf8.DecodeRuneInString(t.Raw[i:])
		i += n
	}
	return i
}

// Position returns the line and column of an offset in Raw.
func (t *Text) Position(offset int) Position {
	offset = min(max(offset, 0), len(t.Raw))
	line := sort.SearchInts(t.starts, offset+1)
	return Position{
		File:   t.Name,
		Line:   line,
		Column: utf8.RuneCountInString(t.Raw[t.starts[line-1]:offset]) + 1,
	}
}
