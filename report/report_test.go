package report_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/report"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err) // a mistake in this file
	}
	return t
}

func berlin(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// occurrence is an event about a meeting that begins some time after it.
func occurrence(kind string, when time.Time, ahead time.Duration, owner, calendar string) *event.Event {
	return &event.Event{
		Envelope: event.Envelope{Type: kind, Timestamp: when}, Received: when.Add(time.Second),
		Meeting: &event.Meeting{Start: when.Add(ahead), Owner: event.Person{Username: owner}, Info: event.Info{CalendarPath: calendar}},
	}
}

func TestTally(t *testing.T) {
	t.Parallel()
	tally := report.New(report.Options{Since: at("2026-03-28T15:00:00Z"), Until: at("2026-03-30T12:00:00Z"), Zone: berlin(t), Top: 1})
	for _, ev := range []*event.Event{
		occurrence(event.TypeScheduled, at("2026-03-27T22:59:00Z"), time.Hour, "a", "demo"), // the day before, in Berlin
		occurrence(event.TypeScheduled, at("2026-03-27T23:00:00Z"), 30*time.Minute, "a", "demo"),
		occurrence(event.TypeScheduled, at("2026-03-28T22:59:00Z"), 26*time.Hour, "b", "intro"),
		occurrence(event.TypeScheduled, at("2026-03-28T23:00:00Z"), 100*24*time.Hour, "a", "demo"), // the day that the clock moves
		occurrence(event.TypeScheduled, at("2026-03-29T21:59:00Z"), -time.Hour, "a", "intro"),
		occurrence(event.TypeRescheduled, at("2026-03-29T22:00:00Z"), time.Hour, "c", ""),
		occurrence(event.TypeCanceled, at("2026-03-30T08:00:00Z"), 24*time.Hour, "a", "demo"),
		occurrence(event.TypeCanceled, at("2026-03-30T08:00:00Z"), 24*time.Hour-time.Second, "a", "demo"),
		occurrence(event.TypeCanceled, at("2026-03-30T08:00:00Z"), -time.Second, "b", "demo"),
		occurrence(event.TypeCanceled, at("2026-03-30T12:00:00Z"), time.Hour, "a", "demo"), // too late
		occurrence(event.TypeSettingChanged, at("2026-03-30T08:00:00Z"), time.Hour, "a", "demo"),
	} {
		tally.Event(ev)
	}
	odd := occurrence(event.TypeRescheduled, at("2026-03-30T09:00:00Z"), time.Hour, "a", "demo")
	odd.Timestamp = at("0001-01-02T00:00:00Z") // the day it came counts
	tally.Event(odd)
	for i, status := range append(event.Statuses(), event.StatusSucceeded) {
		r := event.Run{Rule: "remind", Follow: true, Status: status, Created: at("2026-03-29T08:00:00Z")}
		tally.Run(&r)
		shadow, plain, old := r, r, r
		shadow.Shadow, plain.Follow, old.Created = true, false, at("2026-03-20T08:00:00Z")
		tally.Run(&shadow)
		tally.Run(&plain)
		tally.Run(&old)
		if i == 0 {
			thanks := r
			thanks.Rule = "thank"
			tally.Run(&thanks)
		}
	}
	got := tally.Report()
	want := &report.Report{
		From: at("2026-03-27T23:00:00Z"), To: at("2026-03-30T12:00:00Z"), Zone: "Europe/Berlin", LateSeconds: 86400,
		Totals: report.Counts{Booked: 4, Moved: 2, Canceled: 3, CanceledLate: 2},
		Days: []report.Day{
			{Date: "2026-03-28", Counts: report.Counts{Booked: 2}},
			{Date: "2026-03-29", Counts: report.Counts{Booked: 2}},
			{Date: "2026-03-30", Counts: report.Counts{Moved: 2, Canceled: 3, CanceledLate: 2}},
		},
		Owners: report.Groups{
			Top:    []report.Group{{Name: "a", Counts: report.Counts{Booked: 3, Moved: 1, Canceled: 2, CanceledLate: 1}}},
			Others: report.Counts{Booked: 1, Moved: 1, Canceled: 1, CanceledLate: 1}, OtherNames: 2,
		},
		Calendars: report.Groups{
			Top:    []report.Group{{Name: "demo", Counts: report.Counts{Booked: 2, Moved: 1, Canceled: 3, CanceledLate: 2}}},
			Others: report.Counts{Booked: 2, Moved: 1}, OtherNames: 2,
		},
		Lead: report.Lead{Meetings: 3, Begun: 1, LowerSeconds: 1800, MedianSeconds: 26 * 3600, UpperSeconds: 100 * 86400},
		FollowUps: report.FollowUps{
			FollowUpCounts: report.FollowUpCounts{Sent: 2, Dropped: 1, Failed: 1, Skipped: 1, Waiting: 4},
			Rules: []report.RuleFollowUps{
				{Rule: "remind", FollowUpCounts: report.FollowUpCounts{Sent: 2, Dropped: 1, Failed: 1, Skipped: 1, Waiting: 3}},
				{Rule: "thank", FollowUpCounts: report.FollowUpCounts{Waiting: 1}},
			},
		},
	}
	histogram := map[string]int{}
	for _, bin := range got.Lead.Histogram {
		if bin.Meetings > 0 {
			histogram[bin.Label] = bin.Meetings
		}
	}
	if diff := cmp.Diff(map[string]int{"under 1 h": 1, "1–2 days": 1, "8 weeks and more": 1}, histogram); diff != "" {
		t.Errorf("histogram (-want +got)\n%s", diff)
	}
	got.Lead.Histogram = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestQuartiles compares with sorting.
func TestQuartiles(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	until := at("2026-04-01T00:00:00Z")
	tally := report.New(report.Options{Since: until.AddDate(0, 0, -2), Until: until})
	var all []int64
	for range 5001 {
		ahead := time.Duration(random.Int64N(int64(40 * 24 * time.Hour)))
		all = append(all, int64(ahead.Seconds()))
		tally.Event(occurrence(event.TypeScheduled, until.Add(-time.Hour), ahead, "a", "b"))
	}
	slices.Sort(all)
	l := tally.Report().Lead
	for i, got := range []int64{l.LowerSeconds, l.MedianSeconds, l.UpperSeconds} {
		want := all[(i+1)*len(all)/4]
		if got > want || want-got >= 3600 {
			t.Errorf("quartile %d is %d, want %d rounded down to the hour", i+1, got, want)
		}
	}
}

// TestNamesAreBounded lets nobody fill the memory with names.
func TestNamesAreBounded(t *testing.T) {
	t.Parallel()
	until := at("2026-04-01T00:00:00Z")
	tally := report.New(report.Options{Since: until.AddDate(0, 0, -2), Until: until, Top: 3})
	for i := range 10_500 {
		tally.Event(occurrence(event.TypeScheduled, until.Add(-time.Hour), time.Hour, fmt.Sprint("owner ", i), "c"))
	}
	owners := tally.Report().Owners
	if len(owners.Top) != 3 || owners.Others.Booked != 10_497 || owners.OtherNames != 9_998 {
		t.Errorf("%d named, %d of %d others", len(owners.Top), owners.Others.Booked, owners.OtherNames)
	}
}

// TestDaysOfTheZone has every day once, also where the clock skips midnight.
func TestDaysOfTheZone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/Berlin", "America/Santiago", "Pacific/Apia", "UTC"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		r := report.New(report.Options{Since: at("2025-06-15T12:00:00Z"), Until: at("2026-06-15T12:00:00Z"), Zone: zone}).Report()
		if n := len(r.Days); n != 366 {
			t.Errorf("%s: %d days, want 366", name, n)
		}
		for i := 1; i < len(r.Days); i++ {
			if r.Days[i].Date <= r.Days[i-1].Date {
				t.Errorf("%s: %s follows %s", name, r.Days[i].Date, r.Days[i-1].Date)
			}
		}
	}
	if r := report.New(report.Options{Until: at("2026-06-15T12:00:00Z")}).Report(); len(r.Days) != 1 {
		t.Errorf("without events: %d days", len(r.Days))
	}
}

func TestAhead(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[int64]string{0: "0 min", 2400: "40 min", 19200: "5 h 20 min", 3600: "1 h", 86400: "1 day", 273600: "3 days 4 h", 120 * 86400: "120 days"} {
		if got := report.Ahead(seconds); got != want {
			t.Errorf("Ahead(%d) is %q, want %q", seconds, got, want)
		}
	}
}
