package outbound_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/actions/outbound"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func TestParseRetryAfter(t *testing.T) {
	t.Parallel()
	check := func(header string, want time.Duration, known, capped bool) {
		t.Helper()
		if got := outbound.ParseRetryAfter(header, noon); got != (outbound.RetryAfter{After: want, Known: known, Capped: capped}) {
			t.Errorf("ParseRetryAfter(%q) = %+v; want %v, %v, %v", header, got, want, known, capped)
		}
	}
	check("", 0, false, false)
	check("soon", 0, false, false)
	check("-3", 0, false, false)
	check("NaN", 0, false, false)
	check("0", 0, true, false)
	check("  30 ", 30*time.Second, true, false)
	check("0.5", 500*time.Millisecond, true, false)
	check("3600", time.Hour, true, false)
	check("3601", time.Hour, true, true)
	check("30000", time.Hour, true, true) // milliseconds, or eight hours: nobody knows
	check("1e300", time.Hour, true, true)
	check("Infinity", time.Hour, true, true)
	check("1772452890", 90*time.Second, true, false)    // since 1970
	check("1772452890000", 90*time.Second, true, false) // the same in milliseconds
	check("1772452000", 0, true, false)
	check("4070908800", time.Hour, true, true) // 2099
	check("Mon, 02 Mar 2026 12:01:30 GMT", 90*time.Second, true, false)
	check("Mon, 02 Mar 2026 11:00:00 GMT", 0, true, false)
	check("Mon, 02 Mar 2099 12:00:00 GMT", time.Hour, true, true)
}

func TestRetryAfterInWords(t *testing.T) {
	t.Parallel()
	check := func(header, want string) {
		t.Helper()
		f := outbound.StatusFailure("crm.example", 429, http.Header{"Retry-After": {header}}, "", noon)
		if got := strings.TrimPrefix(f.Text, "429 Too Many Requests from crm.example"); got != want {
			t.Errorf("Retry-After: %s is told as %q, want %q", header, got, want)
		}
	}
	check("30", "")
	check("30000", `; its Retry-After of "30000" is limited to 1h`)
	check("soon", `; its Retry-After of "soon" is invalid`)
	check(strings.Repeat("9", 500), `; its Retry-After of "`+strings.Repeat("9", 40)+`" is limited to 1h`)
}

func FuzzParseRetryAfter(f *testing.F) {
	for _, s := range []string{"", "120", "-1", "1e9", "Mon, 02 Mar 2026 12:01:30 GMT", "NaN", "0x10"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got := outbound.ParseRetryAfter(header, noon)
		if got.After < 0 || got.After > time.Hour || !got.Known && got.After != 0 {
			t.Fatalf("ParseRetryAfter(%q) = %+v", header, got)
		}
	})
}
