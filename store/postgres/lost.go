package postgres

import "math/rand/v2"

// A connection can break after the server has committed and before its answer
// arrives. Runs handed over in that answer are leased to a process that does
// not know of them, and renewing all its leases would keep them from everybody
// for as long as the process lives. So every handover has a number, and those
// whose answer did not come are not renewed: their leases end, and the runs are
// claimed again.

// mostLost bounds what is remembered; leases end long before so many answers
// are lost.
const mostLost = 1000

func newHandover() int64 { return rand.Int64() }

func (s *Store) lose(handover int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.lost) == mostLost {
		s.lost = s.lost[1:]
	}
	s.lost = append(s.lost, handover)
}

func (s *Store) lostHandovers() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]int64{}, s.lost...)
}
