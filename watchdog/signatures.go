package watchdog

import (
	"sync"
	"time"
)

const (
	// BurstWindow is the time that good and bad signatures are compared over.
	BurstWindow = 15 * time.Minute
	// leastBad is how many bad signatures make a burst.
	leastBad = 5

	minutes = int64(BurstWindow / time.Minute)
)

// Burst reports the signatures of the last BurstWindow, as one process saw
// them.
type Burst struct {
	// On says that there were at least five bad ones, and more bad than good
	// ones. It stays on until the good ones are twice as many, or there are no
	// bad ones.
	On    bool      `json:"burst"`
	Since time.Time `json:"since,omitzero"` // when it was last switched on
	Good  int       `json:"good"`
	Bad   int       `json:"bad"`
}

// signatures counts requests by whether their signature held, in minutes.
type signatures struct {
	mu      sync.Mutex
	buckets [minutes]struct {
		minute    int64
		good, bad int
	}
	burst Burst
}

// count adds one request. It reports whether that may have begun a burst.
func (s *signatures) count(now time.Time, good bool) (suspicious bool) {
	minute := now.Unix() / 60
	s.mu.Lock()
	defer s.mu.Unlock()
	b := &s.buckets[minute%minutes]
	if b.minute != minute {
		b.minute, b.good, b.bad = minute, 0, 0
	}
	if good {
		b.good++
		return false
	}
	b.bad++
	return !s.burst.On && b.bad%leastBad == 0
}

// judge brings the burst up to now.
func (s *signatures) judge(now time.Time) Burst {
	minute := now.Unix() / 60
	s.mu.Lock()
	defer s.mu.Unlock()
	b := Burst{On: s.burst.On, Since: s.burst.Since}
	for _, each := range s.buckets {
		if each.minute > minute-minutes && each.minute <= minute {
			b.Good += each.good
			b.Bad += each.bad
		}
	}
	switch {
	case !b.On && b.Bad >= leastBad && b.Bad > b.Good:
		b.On, b.Since = true, now
	case b.On && (b.Bad == 0 || b.Good >= 2*b.Bad):
		b.On, b.Since = false, time.Time{}
	}
	s.burst = b
	return b
}
