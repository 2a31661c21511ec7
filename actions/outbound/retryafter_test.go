package outbound_test

import (
	"testing"
	"time"

	"github.com/gavel-rules/gavel/actions/outbound"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func TestParseRetryAfter(t *testing.T) {
	t.Parallel()
	check := func(header string, want time.Duration, wantOK bool) {
		t.Helper()
		got, ok := outbound.ParseRetryAfter(header, noon)
		if got != want || ok != wantOK {
			t.Errorf("ParseRetryAfter(%q) = %v, %v; want %v, %v", header, got, ok, want, wantOK)
		}
	}
	check("", 0, false)
	check("soon", 0, false)
	check("-3", 0, false)
	check("NaN", 0, false)
	check("0", 0, true)
	check("  30 ", 30*time.Second, true)
	check("0.5", 500*time.Millisecond, true)
	check("86401", 24*time.Hour, true)
	check("1e300", 24*time.Hour, true)
	check("Inf", 24*time.Hour, true)
	check("Mon, 02 Mar 2026 12:01:30 GMT", 90*time.Second, true)
	check("Mon, 02 Mar 2026 11:00:00 GMT", 0, true)
	check("Mon, 02 Mar 2099 12:00:00 GMT", 24*time.Hour, true)
}

func FuzzParseRetryAfter(f *testing.F) {
	for _, s := range []string{"", "120", "-1", "1e9", "Mon, 02 Mar 2026 12:01:30 GMT", "NaN", "0x10"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got, ok := outbound.ParseRetryAfter(header, noon)
		if got < 0 || got > 24*time.Hour || !ok && got != 0 {
			t.Fatalf("ParseRetryAfter(%q) = %v, %v", header, got, ok)
		}
	})
}
