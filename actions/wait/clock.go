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

func (c clock) minutes() int { return c.hour*60 + c.minute }

// on returns the moment the clock shows this time on the given day, in the
// day's zone. Where summer time makes the clock jump over it, that is the end
// of the jump; where the clock shows it twice, the first time.
func (c clock) on(day time.Time) time.Time {
	y, m, d := day.Date()
	at := time.Date(y, m, d, c.hour, c.minute, 0, 0, day.Location())
	if at.Hour() != c.hour || at.Minute() != c.minute {
		// time.Date lands on either side of the gap.
		start, end := at.ZoneBounds()
		if shown := at.Hour()*60 + at.Minute(); shown < c.minutes() {
			return end
		}
		return start
	}
	if start, _ := at.ZoneBounds(); !start.IsZero() {
		_, before := start.Add(-time.Second).Zone()
		_, after := at.Zone()
		first := at.Add(time.Duration(after-before) * time.Second)
		if before > after && first.Before(start) && first.Hour() == c.hour && first.Day() == at.Day() {
			return first
		}
	}
	return at
}
