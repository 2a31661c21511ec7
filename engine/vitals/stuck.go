package vitals

import (
	"sync"
	"time"
)

const (
	// StuckPause is the pause of a run that cannot begin.
	StuckPause = 30 * time.Second
	// staleStuck is when a run that was not seen again is forgotten: it was
	// canceled, or another process has it.
	staleStuck = 10 * StuckPause
)

// Stuck are the runs that cannot begin. It is safe for concurrent use.
type Stuck struct {
	mu    sync.Mutex
	since map[string]stuckRun // by run
}

type stuckRun struct {
	began, seen time.Time
	why         string
}

// NewStuck returns an empty Stuck.
func NewStuck() *Stuck { return &Stuck{since: map[string]stuckRun{}} }

// Enter records that a run could not begin, and returns since when.
func (s *Stuck) Enter(runID, why string, now time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, known := s.since[runID]
	if !known {
		if len(s.since) >= maxKept {
			return now
		}
		r.began = now
	}
	r.seen, r.why = now, why
	s.since[runID] = r
	return r.began
}

// Leave records that a run began or ended.
func (s *Stuck) Leave(runID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.since, runID)
}

// count returns how many there are, and the reason of one of them.
func (s *Stuck) count(now time.Time) (n int, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, r := range s.since {
		if now.Sub(r.seen) > staleStuck {
			delete(s.since, id)
			continue
		}
		n, why = n+1, r.why
	}
	return n, why
}
