package watchdog

import (
	"fmt"
	"math"
	"slices"
	"time"
)

const (
	// Window is how far back events are used to learn a rhythm.
	Window = 4 * week
	// leastSpan is how much of Window must have events, so that every hour of
	// the week was seen twice.
	leastSpan = 2 * week
	// leastHours is how many hours with events are required.
	leastHours = 20
	// graceHours is how many missed hours are always tolerated.
	graceHours = 3

	week        = 7 * 24 * time.Hour
	hoursOfWeek = 7 * 24
	// farthest limits, in hours, how far ahead a deadline is.
	farthest = 26 * hoursOfWeek
)

// Rhythm is how usual events are in each hour of the week, in UTC: the share of
// the past weeks in which the hour had an event.
//
// A silence is measured in missed hours: an hour that has an event every week
// counts as one, every other week as a half, never as zero. A silence is too
// long if it misses three hours more than twice the second-longest silence of
// the past weeks. The longest is ignored, so that one outage or holiday does not
// make the next one look normal.
type Rhythm struct {
	share [hoursOfWeek]float64
	// most is how many missed hours are tolerated.
	most float64
	span time.Duration
}

// Learn computes a Rhythm from the hours with events: moments has any time in
// each of them, in ascending order, up to the newest event. Older ones than
// Window are ignored. The error says what is missing.
func Learn(moments []time.Time) (Rhythm, error) {
	hours := make([]int64, 0, len(moments))
	for _, m := range moments {
		hours = append(hours, hourOf(m))
	}
	hours = slices.Compact(hours)
	if len(hours) == 0 {
		return Rhythm{}, fmt.Errorf("no event received yet")
	}
	last := hours[len(hours)-1]
	hours = slices.DeleteFunc(hours, func(h int64) bool { return h <= last-int64(Window/time.Hour) })
	first := hours[0]
	r := Rhythm{span: time.Duration(last-first) * time.Hour}
	if r.span < leastSpan {
		return Rhythm{}, fmt.Errorf("only %s of events stored, two weeks needed", days(r.span))
	}
	if len(hours) < leastHours {
		return Rhythm{}, fmt.Errorf("events in only %d hours of %s, %d hours needed", len(hours), days(r.span), leastHours)
	}
	var weeks [hoursOfWeek]float64
	for h := first; h <= last; h++ {
		weeks[slot(h)]++
	}
	for _, h := range hours {
		r.share[slot(h)] += 1 / weeks[slot(h)]
	}
	silences := make([]float64, 0, len(hours))
	for i := 1; i < len(hours); i++ {
		silences = append(silences, r.between(hours[i-1], hours[i]))
	}
	slices.Sort(silences)
	r.most = graceHours + 2*silences[len(silences)-2]
	return r, nil
}

// between returns the missed hours between two hours.
func (r *Rhythm) between(from, to int64) float64 {
	missed := 0.0
	for h := from + 1; h < to; h++ {
		missed += r.share[slot(h)]
	}
	return missed
}

// Deadline returns until when an event is expected after one at last, as a full
// hour.
func (r *Rhythm) Deadline(last time.Time) time.Time {
	from := hourOf(last)
	missed := 0.0
	for h := from + 1; h < from+farthest; h++ {
		if missed += r.share[slot(h)]; missed > r.most {
			return time.Unix((h+1)*3600, 0).UTC()
		}
	}
	return time.Unix((from+farthest)*3600, 0).UTC()
}

// Basis describes what the rhythm was learned from.
func (r *Rhythm) Basis() string {
	return fmt.Sprintf("learned from the last %d weeks", int(math.Round(float64(r.span)/float64(week))))
}

func hourOf(t time.Time) int64 { return t.Unix() / 3600 }

func slot(hour int64) int64 { return hour % hoursOfWeek }

// days formats a duration in days, or in hours if below 48 hours.
func days(d time.Duration) string {
	switch n := int(d.Round(time.Hour) / time.Hour); {
	case n < 1:
		return "less than an hour"
	case n == 1:
		return "1 hour"
	case n < 48:
		return fmt.Sprintf("%d hours", n)
	default:
		return fmt.Sprintf("%d days", n/24)
	}
}
