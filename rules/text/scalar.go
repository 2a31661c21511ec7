package text

import (
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// ScalarMap maps each byte of a scalar's value to its offset in the file.
type ScalarMap struct {
	Text   *Text
	length int // of the value, in bytes
	// begin is the offset of a value that stands in the file as it is. For any
	// other, offsets has one for each byte of it, and one for its end.
	begin   int
	offsets []int
}

// Position returns the position in the file of byte i of the value.
func (m *ScalarMap) Position(i int) Position { return m.Text.Position(m.Offset(i)) }

// End returns the offset in the file of the end of the value.
func (m *ScalarMap) End() int { return m.Offset(m.length) }

// Offset returns the offset in the file of byte i of the value.
func (m *ScalarMap) Offset(i int) int {
	i = min(max(i, 0), m.length)
	if m.offsets == nil {
		return m.begin + i
	}
	return m.offsets[i]
}

// MapScalar aligns the value of a scalar with its source, which may be quoted,
// folded or indented. Folding and indentation only change white space, so all
// other characters are matched one by one.
func MapScalar(t *Text, n *yaml.Node) *ScalarMap {
	at := skipProperties(t.Raw, t.Offset(n.Line, n.Column))
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		if i := strings.IndexByte(t.Raw[at:], '\n'); i >= 0 {
			at += i + 1
		}
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		at++
	}
	at = min(at, len(t.Raw))
	m := &ScalarMap{Text: t, length: len(n.Value), begin: at}
	if strings.HasPrefix(t.Raw[at:], n.Value) && !strings.ContainsFunc(n.Value, unusual) {
		return m
	}
	a := aligner{raw: t.Raw, at: at, style: n.Style}
	m.offsets = make([]int, 0, len(n.Value)+1)
	for _, r := range n.Value {
		start := a.next(r)
		for range utf8.RuneLen(r) {
			m.offsets = append(m.offsets, start)
		}
	}
	m.offsets = append(m.offsets, min(a.at, len(t.Raw)))
	return m
}

// unusual reports whether a character may be written as something else, or is
// more than one byte.
func unusual(r rune) bool {
	return r == '\\' || r == '\'' || r < ' ' || r >= utf8.RuneSelf
}

// skipProperties skips an anchor and a tag before a value.
func skipProperties(raw string, at int) int {
	for at < len(raw) && (raw[at] == '&' || raw[at] == '!') {
		for at < len(raw) && !IsSpace(raw[at]) {
			at++
		}
		for at < len(raw) && IsSpace(raw[at]) {
			at++
		}
	}
	return at
}

type aligner struct {
	raw   string
	at    int
	style yaml.Style
}

// next returns the offset of r in the source and moves past it.
func (a *aligner) next(r rune) int {
	if r != ' ' && r != '\t' && r != '\n' {
		a.skipFolding()
	}
	start := a.at
	if start >= len(a.raw) {
		return len(a.raw)
	}
	switch {
	case a.style&yaml.DoubleQuotedStyle != 0 && a.raw[start] == '\\':
		a.at += escapeLength(a.raw[start:])
	case a.style&yaml.SingleQuotedStyle != 0 && r == '\'':
		a.at += 2
	case r != ' ' && r != '\t' && r != '\n':
		_, n := utf8.DecodeRuneInString(a.raw[start:])
		a.at += n
	case IsSpace(a.raw[start]):
		a.at++
	}
	return start
}

// skipFolding skips white space and line continuations that are not part of the
// value.
func (a *aligner) skipFolding() {
	for a.at < len(a.raw) {
		switch {
		case IsSpace(a.raw[a.at]):
			a.at++
		case a.style&yaml.DoubleQuotedStyle != 0 && a.raw[a.at] == '\\' && a.at+1 < len(a.raw) &&
			(a.raw[a.at+1] == '\n' || a.raw[a.at+1] == '\r'):
			a.at += 2
		default:
			return
		}
	}
}

// escapeLength is the length of the escape that s starts with.
func escapeLength(s string) int {
	if len(s) < 2 {
		return len(s)
	}
	n := 2
	switch s[1] {
	case 'x':
		n = 4
	case 'u':
		n = 6
	case 'U':
		n = 10
	default:
		_, size := utf8.DecodeRuneInString(s[1:])
		n = 1 + size
	}
	return min(n, len(s))
}

func IsSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
