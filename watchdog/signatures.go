package watchdog

import (
	"sync"
	"time"
)

const (
	// BurstWindow is the period in which good and bad signatures are counted.
	BurstWindow = 15 * time.Minute
	// leastBad is the least number of bad signatures in a burst.
	leastBad = 5

	minutes = int64(BurstWindow / time.Minute)
)

// Burst counts the signatures of the last BurstWindow in this process.
type Burst struct {
	// On is set once there are at least five bad ones and more bad than good
	// ones. It is cleared once there are twice as many good ones, or no bad ones.
	On    bool      `json:"burst"`
	Since time.Time `json:"since,omitzero"` // when On was set
	Good  int       `json:"good"`
	Bad   int       `json:"bad"`
}

// signatures counts valid and invalid signatures by minute.
type signatures struct {
	mu      sync.Mutex
	buckets [minutes]struct {
		minute    int64
		good, bad int
	}
	burst Burst
}

// count adds one request. It reports whether a burst may have started.
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

// judge updates the burst.
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
