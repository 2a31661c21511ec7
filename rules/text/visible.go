package text

import (
	"strings"
	"unicode"
)

// Visible removes invisible characters that a terminal, a log, a mail client or
// a chat would act on: control characters except tab and line feed, and marks
// that change the direction of text.
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

// turnsText reports whether r is an embedding, override or isolate mark, which
// changes the direction of text.
func turnsText(r rune) bool {
	return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}
