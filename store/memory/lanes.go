package memory

import (
	"slices"

	"github.com/gavel-rules/gavel/event"
)

// joinLanes puts a run into its lanes in the order of events.
func (s *Store) joinLanes(p *placed) {
	for _, lane := range p.Lanes {
		list := s.lanes[lane]
		i := len(list)
		for i > 0 && p.ahead(list[i-1]) {
			i--
		}
		s.lanes[lane] = slices.Insert(list, i, p)
	}
}

// ahead reports whether p goes before o in a lane.
func (p *placed) ahead(o *placed) bool {
	if happened, other := p.event.Event.Timestamp, o.event.Event.Timestamp; !happened.Equal(other) {
		return happened.Before(other)
	}
	return p.before(o)
}

func (s *Store) leaveLanes(p *placed) {
	for _, lane := range p.Lanes {
		list := s.lanes[lane]
		if i := slices.Index(list, p); i >= 0 {
			list = slices.Delete(list, i, i+1)
		}
		if len(list) == 0 {
			delete(s.lanes, lane)
			continue
		}
		s.lanes[lane] = list
	}
	p.Lanes = nil
}

// held reports whether an earlier run in one of its lanes has not ended and is
// not waiting.
func (s *Store) held(p *placed) bool {
	if p.PausedBy != "" {
		return true
	}
	for _, lane := range p.Lanes {
		// Runs of one event do not block each other.
		if first := s.lanes[lane][0]; first.seq != p.seq && p.Status == event.StatusPending {
			return true
		}
	}
	return false
}
