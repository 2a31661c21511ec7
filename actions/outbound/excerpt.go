package outbound

import (
	"strings"

	"github.com/gavel-rules/gavel/rules/text"
)

const (
	longestExcerpt = 200
	excerptSource  = 4096
)

// Excerpt returns the beginning of a reply as one line that is safe to show:
// without secrets (redact may be nil) and control or format characters, at most
// 200 characters long.
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

// Visible is text.Visible, for actions.
func Visible(s string) string { return text.Visible(s) }

// Line is Visible on a single line.
func Line(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\n", " ", "\t", " ").Replace(Visible(s)))
}
