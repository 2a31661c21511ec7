package memory

import (
	"cmp"
	"container/list"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// keptOfMeeting is how many events of a meeting are kept with Forget: the
// newest and those that it is compared with.
const keptOfMeeting = 4

// meeting is the state of one meeting.
type meeting struct {
	id          string          // its key
	records     []*event.Record // oldest first
	reschedules int
	following   roster
	singles     roster        // the only runs of their rules, that have not ended
	place       *list.Element // in recency
	forgotten   bool
}

func (m *meeting) newest() *event.Record { return m.records[len(m.records)-1] }

// canceled reports whether the newest event is a cancellation.
func (m *meeting) canceled() bool { return m.newest().Event.Type == event.TypeCanceled }

// roster is a set of runs, in the order of their events.
type roster []*placed

func (r roster) find(p *placed) (int, bool) {
	return slices.BinarySearchFunc(r, p, func(a, b *placed) int {
		return cmp.Or(cmp.Compare(a.seq, b.seq), cmp.Compare(a.row, b.row))
	})
}

func (r roster) has(p *placed) bool {
	_, known := r.find(p)
	return known
}

func (r *roster) add(p *placed) {
	if i, known := r.find(p); !known {
		*r = slices.Insert(*r, i, p)
	}
}

func (r *roster) remove(p *placed) {
	if i, known := r.find(p); known {
		*r = slices.Delete(*r, i, i+1)
	}
}

// replace lets a new run, not stored yet, replace earlier ones of its rule
// that have not reached their wait; a late one is replaced if a newer one is
// open.
func (m *meeting) replace(p *placed, late bool, newest string) {
	if !p.single || p.Status.Done() {
		return
	}
	for _, o := range m.singles {
		switch {
		case o.Rule != p.Rule || o.Shadow != p.Shadow:
		case !late && !m.following.has(o):
			o.replaced = p.event.key
		case late && o.replaced == "" && p.ahead(o):
			p.replaced = newest
		}
	}
	m.singles.add(p)
}

// join adds an event to its meeting and marks it as late if there is a newer
// one. It returns the key of the newest event before it.
func (s *Store) join(k *kept) (newest string) {
	if !k.Event.HasMeeting() {
		return ""
	}
	id := k.Event.MeetingKey()
	m := s.meetings[id]
	if m == nil {
		m = &meeting{id: id}
		s.meetings[id] = m
	}
	k.meeting = m
	i := len(m.records)
	if i > 0 {
		if k.Late = k.Event.Timestamp.Before(m.newest().Event.Timestamp); k.Late {
			newest = m.newest().Event.Key()
		}
	}
	for i > 0 && k.Event.Timestamp.Before(m.records[i-1].Event.Timestamp) {
		i--
	}
	m.records = slices.Insert(m.records, i, &k.Record)
	if k.Event.Type == event.TypeRescheduled {
		m.reschedules++
	}
	if s.opts.Forget {
		if len(m.records) > keptOfMeeting {
			m.records = slices.Delete(m.records, 0, len(m.records)-keptOfMeeting)
		}
		s.recent.touch(m)
		s.forgetMeetings()
	}
	return newest
}

// Meeting returns the state of a meeting.
func (s *Store) Meeting(_ context.Context, ref string) (*event.MeetingState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := find(s.meetings, "meeting", ref)
	if err != nil {
		return nil, err
	}
	newest := *m.newest()
	_, id := event.SplitKey(m.id)
	return &event.MeetingState{MeetingID: id, Newest: &newest, Canceled: m.canceled(), Reschedules: m.reschedules}, nil
}

// PreviousEvent returns the newest event of the meeting that is older than
// before.
func (s *Store) PreviousEvent(_ context.Context, ref string, before time.Time) (*event.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m, err := find(s.meetings, "meeting", ref); err == nil {
		for _, r := range slices.Backward(m.records) {
			if r.Event.Timestamp.Before(before) {
				out := *r
				return &out, nil
			}
		}
	}
	return nil, fmt.Errorf("earlier event of meeting %q: %w", ref, event.ErrNotFound)
}

// recency orders meetings by their last event, oldest first.
type recency struct{ list.List }

func (r *recency) touch(m *meeting) {
	if m.place == nil {
		m.place = r.PushBack(m)
		return
	}
	r.MoveToBack(m.place)
}

// forgetMeetings removes the least recent meetings that no run follows.
func (s *Store) forgetMeetings() {
	for over := s.recent.Len() - s.opts.Meetings; over > 0; over-- {
		place := s.recent.Front()
		m, _ := place.Value.(*meeting)
		if len(m.following) > 0 || len(m.singles) > 0 {
			s.recent.MoveToBack(place)
			continue
		}
		s.recent.Remove(place)
		delete(s.meetings, m.id)
		delete(s.memories, event.MeetingMemory(m.id))
		m.forgotten = true
	}
}
