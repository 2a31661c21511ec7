package outbound_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gavel-rules/gavel/actions/outbound"
)

func TestExcerpt(t *testing.T) {
	t.Parallel()
	redact := strings.NewReplacer("hunter22", "[redacted]").Replace
	check := func(in, want string) {
		t.Helper()
		if got := outbound.Excerpt([]byte(in), redact); got != want {
			t.Errorf("Excerpt(%q) = %q, want %q", in, got, want)
		}
	}
	check("", "")
	check("plain words", "plain words")
	check("two\r\n  lines", "two lines")
	check("the password hunter22 is wrong", "the password [redacted] is wrong")
	check("\x1b[31mred\x07", "[31mred")
	check("abc\u202edef", "abcdef")
	check("broken\xffbytes", "brokenbytes")

	long := outbound.Excerpt([]byte(strings.Repeat("é", 5000)), nil)
	if n := utf8.RuneCountInString(long); n != 200 || !utf8.ValidString(long) {
		t.Errorf("a long reply gives %d characters, want 200", n)
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	if got, want := outbound.Line(" a\tb\nc\u2028d\x00\u2066e "), "a b c de"; got != want {
		t.Errorf("Line = %q, want %q", got, want)
	}
}
