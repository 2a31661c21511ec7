package outbound

import (
	"strings"
	"unicode"
)

const (
	longestExcerpt = 200
	excerptSource  = 4096
)

// Excerpt returns the beginning of a reply as one short line that is safe to
// show: secrets taken out first (redact may be nil), then control and format
// characters, then cut at 200 characters.
func Excerpt(body []byte, redact func(string) string) string {
	s := string(body)
	if len(s) > excerptSource {
		s = s[:excerptSource]
	}
	s = strings.ToValidUTF8(s, "")
	if redact != nil {
		s = redact(s)
	}
	s = strings.Join(strings.Fields(Visible(s)), " ")
	r := []rune(s)
	if len(r) > longestExcerpt {
		return strings.TrimSpace(string(r[:longestExcerpt-1])) + "…"
	}
	return s
}

// Visible takes out what a reader cannot see but a terminal, a log or a chat
// would act on: control characters except tab and line feed, and the marks
// that turn the direction of text.
func Visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r == '\u2028', r == '\u2029': // line and paragraph separator
			return '\n'
		case unicode.IsControl(r), turnsText(r), r >= 0xFDD0 && r <= 0xFDEF, r&0xFFFE == 0xFFFE:
			return -1
		}
		return r
	}, strings.ReplaceAll(s, "\r\n", "\n"))
}

// turnsText reports whether r is one of the embedding, override and isolate
// marks that make text read in another order than it is stored.
func turnsText(r rune) bool {
	return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}

// Line is Visible on a single line.
func Line(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\n", " ", "\t", " ").Replace(Visible(s)))
}
