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

// parseEnd also takes 24:00, the end of the day.
func parseEnd(s string) (clock, error) {
	if s == "24:00" {
		return clock{24, 0}, nil
	}
	return parseClock(s)
}

// onCalendar is what calendar and clock show, without the zone.
func onCalendar(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), 0, 0, time.UTC)
}

// dayOf is noon of the day that many days from t: noon is never in a gap.
func dayOf(t time.Time, days int) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+days, 12, 0, 0, 0, t.Location())
}

func (c clock) minutes() int { return c.hour*60 + c.minute }

// on returns the moment the clock shows this time on the given day, in the
// day's zone. Where summer time makes the clock jump over it, that is the end
// of the jump; where the clock shows it twice, the first time.
func (c clock) on(day time.Time) time.Time {
	y, m, d := day.Date()
	at := time.Date(y, m, d, c.hour, c.minute, 0, 0, day.Location())
	// Both as the calendar shows them, because a gap at midnight or of a whole
	// day leads to another date.
	want, shown := time.Date(y, m, d, c.hour, c.minute, 0, 0, time.UTC), onCalendar(at)
	if !shown.Equal(want) {
		// time.Date lands on either side of the gap.
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
