package history

import (
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Month is what a rule did in the last 30 days.
type Month struct {
	Days    []Day `json:"days"` // of UTC, oldest first; the last one is today
	Matched int   `json:"matched"`
	Failed  int   `json:"failed"`
	// Last is the day of the newest match; zero when there was none.
	Last time.Time `json:"-"`
}

// Day is one day of a Month.
type Day struct {
	Start   time.Time `json:"start"`
	Matched int       `json:"matched"` // runs that began
	Failed  int       `json:"failed"`  // runs that failed
}

const monthDays = 30

// MonthFrom is the time from which MonthsOf needs counts by days.
func MonthFrom(now time.Time) time.Time {
	return now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -(monthDays - 1))
}

// NoMonth is the month of a rule that did nothing.
func NoMonth(now time.Time) Month {
	m := Month{}
	for i := range monthDays {
		m.Days = append(m.Days, Day{Start: MonthFrom(now).AddDate(0, 0, i)})
	}
	return m
}

// MonthsOf returns what rules did by day, from the counts by days.
func MonthsOf(days []event.Tally, now time.Time) map[string]Month {
	out, first := map[string]Month{}, MonthFrom(now)
	for _, t := range days {
		match, fail := t.Kind == event.TallyMatches, t.Kind == event.TallyEnded && t.Detail == string(event.StatusFailed)
		i := min(int(t.Start.Sub(first)/(24*time.Hour)), monthDays-1)
		if !match && !fail || t.Start.Before(first) {
			continue
		}
		m, known := out[t.Name]
		if !known {
			m = NoMonth(now)
		}
		if match {
			m.Days[i].Matched += int(t.Count)
			m.Matched += int(t.Count)
			m.Last = t.Start
		} else {
			m.Days[i].Failed += int(t.Count)
			m.Failed += int(t.Count)
		}
		out[t.Name] = m
	}
	return out
}
