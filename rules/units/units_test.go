package units_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/rules/units"
)

// TestDurations: what is read, and how it is written again.
func TestDurations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in    string
		want  time.Duration
		again string
	}{
		{"0s", 0, "0s"},
		{"250ms", 250 * time.Millisecond, "250ms"},
		{"1s", time.Second, "1s"},
		{"59s", 59 * time.Second, "59s"},
		{"60s", time.Minute, "1m"},
		{"90s", 90 * time.Second, "1m30s"},
		{"10m", 10 * time.Minute, "10m"},
		{"1h", time.Hour, "1h"},
		{"1h0m30s", time.Hour + 30*time.Second, "1h0m30s"},
		{"1h30m", 90 * time.Minute, "1h30m"},
		{"20h", 20 * time.Hour, "20h"},
		{"23h59m", 24*time.Hour - time.Minute, "23h59m"},
		{"24h", 24 * time.Hour, "1d"},
		{"25h", 25 * time.Hour, "25h"},
		{"6d", 6 * 24 * time.Hour, "6d"},
		{"7d", 7 * 24 * time.Hour, "1w"},
		{"8d", 8 * 24 * time.Hour, "8d"},
		{"14d", 14 * 24 * time.Hour, "2w"},
		{"1w1d", 8 * 24 * time.Hour, "8d"},
		{"0.5d", 12 * time.Hour, "12h"},
		{"1d12h30m", 36*time.Hour + 30*time.Minute, "36h30m"},
		{"  2h  ", 2 * time.Hour, "2h"},
		{"-2h", -2 * time.Hour, "-2h"},
		{"-1d", -24 * time.Hour, "-1d"},
	} {
		got, err := units.ParseDuration(c.in)
		if err != nil || time.Duration(got) != c.want || got.String() != c.again {
			t.Errorf("%q is %s, written %s: %v; want %s, written %s", c.in, time.Duration(got), got, err, c.want, c.again)
		}
		written, err := got.MarshalText()
		if err != nil || string(written) != c.again {
			t.Errorf("%q is stored as %q: %v", c.in, written, err)
		}
		var read units.Duration
		if err := read.UnmarshalText(written); err != nil || read != got {
			t.Errorf("%q is read again as %s: %v", written, read, err)
		}
	}
	for _, bad := range []string{"", " ", "5", "d", "1", "soon", "2147483648d", "99999999999d", "1y", "1 day", "200000000w", "1" + strings.Repeat("0", 400) + "d"} {
		got, err := units.ParseDuration(bad)
		if err == nil || got != 0 || !strings.HasSuffix(err.Error(), " is not a duration such as 90s, 15m, 2h, 3d or 1w") {
			t.Errorf("%q is %s: %v", bad, got, err)
		}
	}
	var read units.Duration
	if err := read.UnmarshalText([]byte("soon")); err == nil {
		t.Errorf("soon is read as %s", read)
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in    string
		want  units.Size
		again string
	}{
		{"0", 0, "0 B"}, {"4096", 4096, "4.0 KiB"}, {"256KiB", 256 << 10, "256 KiB"}, {"1MB", 1_000_000, "977 KiB"},
		{"1 MiB", 1 << 20, "1.0 MiB"}, {"9223372036854775807", math.MaxInt64, "8.0 EiB"},
	} {
		got, err := units.ParseSize(c.in)
		if err != nil || got != c.want || got.String() != c.again {
			t.Errorf("%q is %d, written %s: %v; want %d, written %s", c.in, got, got, err, c.want, c.again)
		}
		if written, err := got.MarshalText(); err != nil || string(written) != c.again {
			t.Errorf("%q is stored as %q: %v", c.in, written, err)
		}
	}
	for _, bad := range []string{"", "big", "-1", "1XB", "9223372036854775808", "9EiB", "99999EB"} {
		got, err := units.ParseSize(bad)
		if err == nil || got != 0 || !strings.HasSuffix(err.Error(), " is not a size such as 512, 256KiB or 1MB") {
			t.Errorf("%q is %d: %v", bad, got, err)
		}
	}
	if got := units.Size(-5).String(); got != "-5" {
		t.Errorf("a size below zero is written %s", got)
	}
}
