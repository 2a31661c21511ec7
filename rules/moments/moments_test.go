package moments_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/rules/moments"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func daily(t *testing.T, times string, on []time.Weekday, in string) *moments.Schedule {
	t.Helper()
	s, err := moments.Daily(strings.Fields(times), on, zone(t, in))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func cron(t *testing.T, source, in string) *moments.Schedule {
	t.Helper()
	s, err := moments.Cron(source, zone(t, in))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// check compares the moments after a time and until another, and looks for them
// from both ends.
func check(t *testing.T, s *moments.Schedule, from, to string, want ...string) {
	t.Helper()
	at := func(text string) time.Time {
		got, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	const shown = "2006-01-02 15:04 MST"
	var got, back []string
	for next := s.Next(at(from)); !next.IsZero() && !next.After(at(to)); next = s.Next(next) {
		got = append(got, next.In(s.Zone()).Format(shown))
	}
	for last := s.Last(at(to)); last.After(at(from)); last = s.Last(last.Add(-time.Nanosecond)) {
		back = append(back, last.In(s.Zone()).Format(shown))
	}
	slices.Reverse(back)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: forward (-want +got):\n%s", s, diff)
	}
	if diff := cmp.Diff(want, back); diff != "" {
		t.Errorf("%s: backward (-want +got):\n%s", s, diff)
	}
	if n := s.Count(at(from), at(to), 1000); n != len(want) {
		t.Errorf("%s: %d moments, want %d", s, n, len(want))
	}
}

func TestDaysOfTheWeek(t *testing.T) {
	t.Parallel()
	monday := daily(t, "09:00", []time.Weekday{time.Monday}, "Europe/Paris")
	check(t, monday, "2026-03-20T00:00:00Z", "2026-04-07T00:00:00Z",
		"2026-03-23 09:00 CET", "2026-03-30 09:00 CEST", "2026-04-06 09:00 CEST")
	twice := daily(t, "17:30 09:00 09:00", nil, "Asia/Kolkata")
	check(t, twice, "2026-03-02T00:00:00Z", "2026-03-03T03:30:00Z", "2026-03-02 09:00 IST", "2026-03-02 17:30 IST", "2026-03-03 09:00 IST")
	if got := monday.String(); got != "at 09:00 on Mon, Europe/Paris" {
		t.Error(got)
	}
	if got := twice.String(); got != "at 09:00, 17:30, Asia/Kolkata" {
		t.Error(got)
	}
}

// TestGap: what summer time skips is due at the end of the gap, once.
func TestGap(t *testing.T) {
	t.Parallel()
	check(t, daily(t, "02:30", nil, "Europe/Paris"), "2026-03-28T00:00:00Z", "2026-03-30T12:00:00Z",
		"2026-03-28 02:30 CET", "2026-03-29 03:00 CEST", "2026-03-30 02:30 CEST")
	check(t, daily(t, "02:10 02:50 03:00", nil, "Europe/Paris"), "2026-03-29T00:00:00Z", "2026-03-29T12:00:00Z", "2026-03-29 03:00 CEST")
	check(t, cron(t, "30 2 * * *", "America/New_York"), "2026-03-08T00:00:00Z", "2026-03-08T20:00:00Z", "2026-03-08 03:00 EDT")
	// Midnight is skipped.
	check(t, daily(t, "00:00", nil, "Asia/Beirut"), "2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z", "2026-03-29 01:00 EEST")
	// A whole day is skipped.
	check(t, daily(t, "09:00", nil, "Pacific/Apia"), "2011-12-29T00:00:00Z", "2011-12-31T00:00:00Z",
		"2011-12-29 09:00 -10", "2011-12-31 00:00 +14", "2011-12-31 09:00 +14")
}

// TestOverlap: what comes twice is due the first time, once.
func TestOverlap(t *testing.T) {
	t.Parallel()
	check(t, daily(t, "02:30", nil, "Europe/Paris"), "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z",
		"2026-10-25 02:30 CEST", "2026-10-26 02:30 CET")
	check(t, cron(t, "30 1 * * *", "America/New_York"), "2026-11-01T00:00:00Z", "2026-11-01T20:00:00Z", "2026-11-01 01:30 EDT")
	check(t, cron(t, "0 1-3 * * *", "Europe/Paris"), "2026-10-24T22:00:00Z", "2026-10-25T12:00:00Z",
		"2026-10-25 01:00 CEST", "2026-10-25 02:00 CEST", "2026-10-25 03:00 CET")
}

// TestElapsed: every hour is every hour, whatever the clocks do.
func TestElapsed(t *testing.T) {
	t.Parallel()
	hourly := cron(t, "0 * * * *", "Europe/Paris")
	check(t, hourly, "2026-10-24T22:30:00Z", "2026-10-25T02:00:00Z",
		"2026-10-25 01:00 CEST", "2026-10-25 02:00 CEST", "2026-10-25 02:00 CET", "2026-10-25 03:00 CET")
	check(t, hourly, "2026-03-28T23:30:00Z", "2026-03-29T02:00:00Z", "2026-03-29 01:00 CET", "2026-03-29 03:00 CEST", "2026-03-29 04:00 CEST")
	check(t, cron(t, "*/20 * * * *", "Australia/Lord_Howe"), "2026-04-04T14:30:00Z", "2026-04-04T15:30:00Z",
		"2026-04-05 01:40 +11", "2026-04-05 01:40 +1030", "2026-04-05 02:00 +1030")
}

func TestCron(t *testing.T) {
	t.Parallel()
	check(t, cron(t, "0 9 * * MON-fri", "UTC"), "2026-03-06T00:00:00Z", "2026-03-10T00:00:00Z", "2026-03-06 09:00 UTC", "2026-03-09 09:00 UTC")
	check(t, cron(t, "0 9 * * THU", "UTC"), "2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z", "2026-03-05 09:00 UTC")
	check(t, cron(t, "0 9 * * 7", "UTC"), "2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z", "2026-03-08 09:00 UTC")
	check(t, cron(t, "0 9 1 * *", "UTC"), "2026-03-02T00:00:00Z", "2026-05-02T00:00:00Z", "2026-04-01 09:00 UTC", "2026-05-01 09:00 UTC")
	check(t, cron(t, "5,10 0-1 1 jan ?", "UTC"), "2026-12-30T00:00:00Z", "2027-01-02T00:00:00Z",
		"2027-01-01 00:05 UTC", "2027-01-01 00:10 UTC", "2027-01-01 01:05 UTC", "2027-01-01 01:10 UTC")
	// Both kinds of day are limited: one is enough.
	check(t, cron(t, "0 0 13 * fri", "UTC"), "2026-03-07T00:00:00Z", "2026-04-01T00:00:00Z",
		"2026-03-13 00:00 UTC", "2026-03-20 00:00 UTC", "2026-03-27 00:00 UTC")
	check(t, cron(t, "0 0 29 2 *", "UTC"), "2096-03-01T00:00:00Z", "2104-03-01T00:00:00Z", "2104-02-29 00:00 UTC")
}

func TestCronThatIsNone(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"0 0 30 2 *":     moments.ErrNever.Error(),
		"0 0 31 4,6 *":   moments.ErrNever.Error(),
		"0 25 * * *":     `"25" is not allowed as hour (0-23`,
		"60 * * * *":     `"60" is not allowed as minute`,
		"* * 0 * *":      `"0" is not allowed as day of the month`,
		"* * * foo *":    `"foo" is not allowed as month`,
		"* * * * 8":      `"8" is not allowed as day of the week`,
		"*/0 * * * *":    `"*/0" is not allowed as minute`,
		"@daily":         "five fields, minute hour day month weekday, not 1",
		"0 0 9 * * *":    "not 6",
		"":               "not 0",
		"TZ=UTC * * * *": `"tz=utc" is not allowed as minute`,
		"H * * * *":      `"h" is not allowed as minute`,
		"0 0 L * *":      `"l" is not allowed as day of the month`,
	} {
		_, err := moments.Cron(source, time.UTC)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", source, err, want)
		}
		if want == moments.ErrNever.Error() != errors.Is(err, moments.ErrNever) {
			t.Errorf("%q: %v", source, err)
		}
	}
	for _, times := range []string{"", "9:00", "24:00", "09:60", "09:00:00", "noon"} {
		if _, err := moments.Daily(strings.Fields(times), nil, time.UTC); err == nil {
			t.Errorf("%q is a time of day", times)
		}
	}
}
