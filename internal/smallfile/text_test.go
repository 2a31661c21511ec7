package smallfile_test

import (
	"testing"

	"github.com/gavel-rules/gavel/internal/smallfile"
)

func TestText(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"plain\n":                           "plain\n",
		"\ufeffmarked":                      "marked",
		"\xff\xfea\x00\xe9\x00\r\x00\n\x00": "aé\r\n",
		"\xfe\xff\x00a\x00\xe9":             "aé",
		"\xff\xfea\x00b":                    "a", // cut
		"\x00\xff binary":                   "\x00\xff binary",
		"":                                  "",
	} {
		if got := smallfile.Text([]byte(given)); got != want {
			t.Errorf("%q says %q, want %q", given, got, want)
		}
	}
}
