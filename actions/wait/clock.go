package wait

import (
	"fmt"
	"time"
)

// clock is a wall-clock time of day.
type clock struct{ hour, minute int }

func parseClock(s string) (clock, error) {
	t, err := time.Parse("15:04", s)
	if err != nil {
		return clock{}, fmt.Errorf("%q is not a time of day", s)
	}
	return clock{t.Hour(), t.Minute()}, nil
}

// parseEnd also accepts 24:00, the end of the day.
func parseEnd(s string) (clock, error) {
	if s == "24:00" {
		return clock{24, 0}, nil
	}
	return parseClock(s)
}

// onCalendar returns the local date and time of t as if it were UTC.
func onCalendar(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), 0, 0, time.UTC)
}

// dayOf returns noon of the day that is days after that of t. Noon is never
// skipped by a change to summer time.
func dayOf(t time.Time, days int) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+days, 12, 0, 0, 0, t.Location())
}

func (c clock) minutes() int { return c.hour*60 + c.minute }

// on returns the time c on the given day, in the day's zone. If a clock change
// skips it, that is the end of the gap; if it occurs twice, the first one.
func (c clock) on(day time.Time) time.Time {
	y, m, d := day.Date()
	at := time.Date(y, m, d, c.hour, c.minute, 0, 0, day.Location())
	// Dates are compared too: a gap at midnight or of a whole day leads to
	// another date.
	want, shown := time.Date(y, m, d, c.hour, c.minute, 0, 0, time.UTC), onCalendar(at)
	if !shown.Equal(want) {
		// time.Date may return either side of the gap.
		start, end := at.ZoneBounds()
		if shown.Before(want) {
			return end
		}
		return start
	}
	if start, _ := at.ZoneBounds(); !start.IsZero() {
		_, before := start.Add(-time.Second).Zone()
		_, after := at.Zone()
		first := at.Add(time.Duration(after-before) * time.Second)
		if before > after && first.Before(start) && onCalendar(first).Equal(want) {
			return first
		}
	}
	return at
}
