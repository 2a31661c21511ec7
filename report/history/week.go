package history

import (
	"time"

	"github.com/gavel-rules/gavel/event"
)

// weekHours is how many hours a week has.
const weekHours = 7 * dayHours

// WeekFrom is the time from which WeeksOf needs counts by hours.
func WeekFrom(now time.Time) time.Time {
	return now.UTC().Truncate(time.Hour).Add(-(weekHours - 1) * time.Hour)
}

// WeeksOf returns the calls of the last seven days by connection and hour, oldest
// first; the last hour has not ended.
func WeeksOf(hours []event.Tally, now time.Time) map[string][]Hour {
	from := WeekFrom(now)
	weeks := map[string][]Hour{}
	for _, t := range hours {
		if t.Start.Before(from) {
			continue
		}
		week := weeks[t.Name]
		if week == nil {
			week = make([]Hour, weekHours)
			for i := range week {
				week[i].Start = from.Add(time.Duration(i) * time.Hour)
			}
			weeks[t.Name] = week
		}
		h := &week[min(int(t.Start.Sub(from)/time.Hour), weekHours-1)]
		switch t.Kind {
		case event.TallyCalls:
			h.Calls += int(t.Count)
		case event.TallyFailures:
			h.Failed += int(t.Count)
		}
	}
	return weeks
}
