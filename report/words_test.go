package report_test

import (
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/report"
)

// TestHistogram puts a time ahead into its bin, the beginning of one included
// and its end not.
func TestHistogram(t *testing.T) {
	t.Parallel()
	const day, week = 24 * time.Hour, 7 * 24 * time.Hour
	for from, label := range map[time.Duration]string{
		0: "under 1 h", time.Hour: "1–4 h", 4 * time.Hour: "4–24 h", day: "1–2 days", 2 * day: "2–4 days", 4 * day: "4–7 days",
		week: "1–2 weeks", 2 * week: "2–4 weeks", 4 * week: "4–8 weeks", 8 * week: "8 weeks and more",
	} {
		until := at("2026-04-01T00:00:00Z")
		count := func(ahead time.Duration) report.Lead {
			tally := report.New(report.Options{Since: until.AddDate(0, 0, -2), Until: until})
			tally.Event(occurrence(event.TypeScheduled, until.Add(-time.Hour), ahead, "a", "b"))
			return tally.Report().Lead
		}
		in := func(l report.Lead) (labels string) {
			for _, bin := range l.Histogram {
				if bin.Meetings > 0 {
					labels += bin.Label
					if bin.FromSeconds > l.MedianSeconds || bin.ToSeconds != 0 && l.MedianSeconds >= bin.ToSeconds {
						t.Errorf("%s is from %d to %d, and the median in it is %d", bin.Label, bin.FromSeconds, bin.ToSeconds, l.MedianSeconds)
					}
				}
			}
			return labels
		}
		if got := in(count(from)); got != label {
			t.Errorf("%s ahead is in %q, want %q", from, got, label)
		}
		before := count(from - time.Second)
		if got := in(before); got == label || (got == "") != (from == 0) || (before.Begun == 1) != (from == 0) {
			t.Errorf("a second less than %s ahead is in %q, %d have begun", from, got, before.Begun)
		}
	}
}

// TestFarAhead: a quartile is exact to the minute below a day, to the hour below
// 90 days, to the day below ten years, and ten years above.
func TestFarAhead(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	until := at("2026-04-01T00:00:00Z")
	for ahead, want := range map[time.Duration]time.Duration{
		90 * time.Second: time.Minute, day - time.Second: day - time.Minute, day + 90*time.Minute: day + time.Hour, 90*day - time.Second: 90*day - time.Hour,
		90*day + 30*time.Hour: 91 * day, 3650*day - time.Second: 3649 * day, 3650 * day: 3650 * day, 9000 * day: 3650 * day,
	} {
		tally := report.New(report.Options{Since: until.AddDate(0, 0, -2), Until: until})
		tally.Event(occurrence(event.TypeScheduled, until.Add(-time.Hour), ahead, "a", "b"))
		l := tally.Report().Lead
		if s := int64(want / time.Second); l.MedianSeconds != s || l.LowerSeconds != s || l.UpperSeconds != s {
			t.Errorf("%s ahead is %d, %d and %d, want %d", ahead, l.LowerSeconds, l.MedianSeconds, l.UpperSeconds, s)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	const day = 24 * 3600
	for seconds, want := range map[int64]string{
		59: "0 min", 3599: "59 min", 3660: "1 h 1 min", day - 1: "23 h 59 min", day + 3599: "1 day", day + 3600: "1 day 1 h", 2 * day: "2 days", 90*day - 1: "89 days 23 h", 90*day + 7200: "90 days",
	} {
		if got := report.Ahead(seconds); got != want {
			t.Errorf("Ahead(%d) is %q, want %q", seconds, got, want)
		}
	}
	for seconds, want := range map[int64]string{86400: "24 h", 3600: "1 h", 5400: "90 min", 60: "1 min"} {
		if got := (&report.Report{LateSeconds: seconds}).Late(); got != want {
			t.Errorf("%d s is %q, want %q", seconds, got, want)
		}
	}
	for part, want := range map[float64]string{0: "0 %", 0.126: "13 %", 1: "100 %"} {
		if got := report.Percent(part); got != want {
			t.Errorf("%v is %q, want %q", part, got, want)
		}
	}
}
