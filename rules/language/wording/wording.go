// Package wording changes texts in the ways that people ask for: titles,
// initials, lengths of time in words, and escapes for languages that are written
// by hand inside a text.
package wording

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Title begins each word with a capital letter and leaves the rest as it is, so
// that McDonald and IBM stay.
func Title(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	inside := false
	for _, r := range s {
		if !inside {
			r = unicode.ToTitle(r)
		}
		b.WriteRune(r)
		inside = unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r) || inside && (r == '\'' || r == '’')
	}
	return b.String()
}

// maxInitials is how many words Initials reads.
const maxInitials = 20

// Initials returns the first letters of the words, as capital letters.
func Initials(s string) string {
	var b strings.Builder
	words := strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '-' || r == '.' || r == ',' })
	for _, word := range words[:min(len(words), maxInitials)] {
		if i := strings.IndexFunc(word, unicode.IsLetter); i >= 0 {
			r, _ := utf8.DecodeRuneInString(word[i:])
			b.WriteRune(unicode.ToUpper(r))
		}
	}
	return b.String()
}

// Duration is a length of time in words, rounded to its two largest units: "2
// days 3 hours", "45 minutes".
func Duration(d time.Duration) string {
	if d < 0 {
		return "-" + Duration(max(-d, 0))
	}
	units := []struct {
		name string
		size time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}}
	for i, u := range units {
		if d < u.size && i < len(units)-1 {
			continue
		}
		if i == len(units)-1 {
			return count(int64(d.Round(time.Second)/time.Second), "second")
		}
		// Rounding can make the next larger unit whole.
		if r := d.Round(units[i+1].size); r != d {
			return Duration(r)
		}
		first, rest := d/u.size, (d%u.size)/units[i+1].size
		out := count(int64(first), u.name)
		if rest > 0 {
			out += " " + count(int64(rest), units[i+1].name)
		}
		return out
	}
	return ""
}

func count(n int64, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

// SOQL escapes text for a literal of Salesforce's query language, between single
// quotes.
func SOQL(s string) string {
	return strings.NewReplacer(`\`, `\\`, `'`, `\'`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\b", `\b`, "\f", `\f`, "\x00", "").Replace(s)
}

// XML escapes text for the content of an element or an attribute in quotes.
// Characters that XML cannot contain are left out.
func XML(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r', r >= ' ' && r <= 0xd7ff, r >= 0xe000 && r <= 0xfffd && r != utf8.RuneError, r >= 0x10000:
			return r
		}
		return -1
	}, s)
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;", "\r", "&#13;").Replace(s)
}
