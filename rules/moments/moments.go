// Package moments computes when a schedule is due: times of day on days of the
// week, or a cron expression, by the clocks of one time zone.
package moments

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Schedule says when something is due, to the minute. The zero Schedule never is.
//
// A time of day that a change to summer time skips is due at the end of the
// gap; one that comes twice is due the first time, except in a cron expression
// with * for the hour, which goes by elapsed time.
type Schedule struct {
	source string
	zone   *time.Location
	days   days
	// hours and minutes are bits. times are used instead, if there are any: times
	// of day in minutes.
	hours, minutes uint64
	times          []int
	// elapsed says that each hour that passes has its minutes.
	elapsed bool
}

// days says which days count.
type days struct {
	month, date, week uint64 // bits
	// either says that one of date and week is enough.
	either bool
}

func (d days) include(y int, m time.Month, day int) bool {
	at := time.Date(y, m, day, 12, 0, 0, 0, time.UTC)
	if d.month&(1<<at.Month()) == 0 {
		return false
	}
	date, week := d.date&(1<<at.Day()) != 0, d.week&(1<<at.Weekday()) != 0
	if d.either {
		return date || week
	}
	return date && week
}

const allBits = ^uint64(0)

// ErrNever says that a cron expression is valid, but names no day that exists.
var ErrNever = errors.New("never comes")

// Daily is due at times of day such as 09:00, on these days of the week; without
// any, on every day.
func Daily(times []string, on []time.Weekday, zone *time.Location) (*Schedule, error) {
	s := &Schedule{zone: zone, days: days{month: allBits, date: allBits}}
	if len(times) == 0 {
		return nil, errors.New("there is no time of day")
	}
	for _, t := range times {
		at, err := time.Parse("15:04", t)
		if err != nil || len(t) != len("15:04") {
			return nil, fmt.Errorf("%q is not a time of day such as 09:00", t)
		}
		s.times = append(s.times, at.Hour()*60+at.Minute())
	}
	slices.Sort(s.times)
	s.times = slices.Compact(s.times)
	for _, d := range on {
		s.days.week |= 1 << d
	}
	if len(on) == 0 {
		s.days.week = allBits
	}
	var words []string
	for _, m := range s.times {
		words = append(words, fmt.Sprintf("%02d:%02d", m/60, m%60))
	}
	s.source = "at " + strings.Join(words, ", ")
	if len(on) > 0 {
		words = nil
		for d := time.Monday; d <= time.Saturday+1; d++ {
			if day := d % 7; s.days.week&(1<<day) != 0 {
				words = append(words, day.String()[:3])
			}
		}
		s.source += " on " + strings.Join(words, ", ")
	}
	return s, nil
}

// String says when it is due and in which zone: "at 09:00 on Mon, Europe/Paris".
// Two schedules with the same text are due at the same times.
func (s *Schedule) String() string { return s.source + ", " + s.zone.String() }

// Zone is the time zone of the schedule.
func (s *Schedule) Zone() *time.Location { return s.zone }

// searchDays limits the search for a day. The 29th of February comes within
// eight years.
const searchDays = 9 * 366

// Next returns when it is due next after a time.
func (s *Schedule) Next(after time.Time) time.Time {
	y, m, d := after.In(s.zone).Date()
	for i := -1; i <= searchDays; i++ {
		for _, at := range s.on(y, m, d+i) {
			if at.After(after) {
				return at
			}
		}
	}
	return time.Time{}
}

// Last returns when it was due last, at a time or before.
func (s *Schedule) Last(until time.Time) time.Time {
	y, m, d := until.In(s.zone).Date()
	for i := 1; i >= -searchDays; i-- {
		for _, at := range slices.Backward(s.on(y, m, d+i)) {
			if !at.After(until) {
				return at
			}
		}
	}
	return time.Time{}
}

// Count says how often it was due after a time and until another, up to most.
func (s *Schedule) Count(after, until time.Time, most int) int {
	n := 0
	for at := s.Next(after); n < most && !at.IsZero() && !at.After(until); at = s.Next(at) {
		n++
	}
	return n
}

// on returns when it is due on a day, in order and each once.
func (s *Schedule) on(y int, m time.Month, d int) []time.Time {
	if !s.days.include(y, m, d) {
		return nil
	}
	if s.elapsed {
		return s.passing(y, m, d)
	}
	var out []time.Time
	add := func(hour, minute int) {
		at := s.at(y, m, d, hour, minute)
		if len(out) == 0 || at.After(out[len(out)-1]) {
			out = append(out, at)
		}
	}
	for _, t := range s.times {
		add(t/60, t%60)
	}
	for hour := 0; hour < 24 && len(s.times) == 0; hour++ {
		for minute := 0; minute < 60 && s.hours&(1<<hour) != 0; minute++ {
			if s.minutes&(1<<minute) != 0 {
				add(hour, minute)
			}
		}
	}
	return out
}

// passing returns the minutes of every hour that passes on a day, also of one
// that comes twice.
func (s *Schedule) passing(y int, m time.Month, d int) []time.Time {
	var out []time.Time
	end := s.at(y, m, d+1, 0, 0)
	for at := s.at(y, m, d, 0, 0); at.Before(end); at = at.Add(time.Minute) {
		if s.minutes&(1<<at.In(s.zone).Minute()) != 0 {
			out = append(out, at)
		}
	}
	return out
}

// at returns a time of day in the zone.
func (s *Schedule) at(y int, m time.Month, d, hour, minute int) time.Time {
	return On(y, m, d, hour, minute, s.zone)
}
