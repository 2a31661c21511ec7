package watchdog

import (
	"fmt"
	"math"
	"slices"
	"time"
)

const (
	// Window is how far back a rhythm is learnt from.
	Window = 4 * week
	// leastSpan is how much of it must be known, so that every hour of the
	// week has been seen twice.
	leastSpan = 2 * week
	// leastHours is how many hours with events make a rhythm.
	leastHours = 20
	// graceHours are the usual hours without an event that are never too many.
	graceHours = 3

	week        = 7 * 24 * time.Hour
	hoursOfWeek = 7 * 24
	// farthest bounds how far ahead an event is expected.
	farthest = 26 * hoursOfWeek
)

// Rhythm tells how usual each hour of the week is: the share of the weeks
// looked at in which it brought an event. Hours are those of UTC.
//
// A silence is measured in missed hours: an hour that brings an event every
// week counts as one, an hour that brings one every other week as a half, an
// hour that never does as nothing. Too long is a silence that misses three
// hours more than twice what the second longest one of the weeks looked at
// did. The longest is left out, so that one outage or holiday does not make
// the next one look normal.
type Rhythm struct {
	share [hoursOfWeek]float64
	// most is how many missed hours are not yet too many.
	most float64
	span time.Duration
}

// Learn makes a Rhythm of the hours in which events came: any moment of each,
// in ascending order, the newest event's last. What lies further back than
// Window is left out. The error says in words what is missing to know a
// rhythm.
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
		return Rhythm{}, fmt.Errorf("events in %d hours of %s, %d such hours needed", len(hours), days(r.span), leastHours)
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

// between adds up the hours that lie between two.
func (r *Rhythm) between(from, to int64) float64 {
	missed := 0.0
	for h := from + 1; h < to; h++ {
		missed += r.share[slot(h)]
	}
	return missed
}

// Deadline returns the moment by which an event should have followed one that
// came at last: a full hour.
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

// Basis says in words what the rhythm was learnt from.
func (r *Rhythm) Basis() string {
	return fmt.Sprintf("learned from the last %d weeks", int(math.Round(float64(r.span)/float64(week))))
}

func hourOf(t time.Time) int64 { return t.Unix() / 3600 }

func slot(hour int64) int64 { return hour % hoursOfWeek }

// days words a length of time in days, or in hours below one.
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
