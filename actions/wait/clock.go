package wait

import (
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/rules/moments"
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

// dayOf returns noon of the day that is days after that of t. Noon is never
// skipped by a change to summer time.
func dayOf(t time.Time, days int) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+days, 12, 0, 0, 0, t.Location())
}

func (c clock) minutes() int { return c.hour*60 + c.minute }

// on returns the time c on the given day, in the day's zone; see moments.On.
func (c clock) on(day time.Time) time.Time {
	y, m, d := day.Date()
	return moments.On(y, m, d, c.hour, c.minute, day.Location())
}
