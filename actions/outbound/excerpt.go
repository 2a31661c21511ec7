package outbound

import (
	"strings"

	"github.com/gavel-rules/gavel/rules/text"
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

// Visible is rules.Visible, for actions.
func Visible(s string) string { return text.Visible(s) }

// Line is Visible on a single line.
func Line(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\n", " ", "\t", " ").Replace(Visible(s)))
}
