package memory

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Options say what the store keeps and whom it notifies.
type Options struct {
	// Forget removes ended runs and events that are no longer needed. Their
	// memory is used again: the runs of a receipt are valid until the next
	// Accept, and those of a Claim until the next Claim.
	Forget bool
	// Meetings is how many meetings without a waiting run, and how many
	// throttles that have held something back, are kept with Forget; 0 means
	// 20,000.
	Meetings int
	// Changed is called when the store itself moves or drops a waiting run. It
	// must not call the store, and change or keep the run. May be nil.
	Changed func(run *event.Run, a event.Attempt)
}

// Store is a store in memory. It is safe for concurrent use.
type Store struct {
	opts Options

	mu         sync.Mutex
	seq        int64
	events     map[string]*kept
	runs       map[string]*placed
	queue      queue
	lanes      map[string][]*placed
	meetings   map[string]*meeting
	recent     recency
	windows    map[string]*windowState
	gathered   map[string]*gathering // by run
	memoriesAt int                   // number of keys of memories at which to remove old ones
	sweepAt    int                   // number of windows at which to remove old ones
	memories   map[event.MemoryKey]map[string]*event.Remembered
	sources    map[string][]byte
	woken      chan struct{}

	// gone are runs that nobody needs after the current Accept, and spare those
	// whose memory can be used again. claimed are the runs of the last Claim.
	gone, spare []*placed
	book        book // of the current run
	claimed     []*event.Run
}

// New returns an empty store.
func New(o Options) *Store {
	if o.Meetings == 0 {
		o.Meetings = 20_000
	}
	return &Store{
		opts: o, events: map[string]*kept{}, runs: map[string]*placed{}, lanes: map[string][]*placed{},
		meetings: map[string]*meeting{}, windows: map[string]*windowState{}, gathered: map[string]*gathering{},
		memories: map[event.MemoryKey]map[string]*event.Remembered{},
		sources:  map[string][]byte{}, woken: make(chan struct{}, 1),
	}
}

// kept is a stored event with the number of its runs that have not ended.
type kept struct {
	event.Record
	key     string
	meeting *meeting // nil without
	open    int
}

// placed is a stored run with its places in all orders.
type placed struct {
	event.Run
	event    *kept
	seq      int64  // of its event
	row      int    // among the runs of its event
	owner    string // while it is running
	single   bool   // the only run of its rule for its meeting
	last     string // the attempt that remembered last
	replaced string // id of the event that has started its rule again
	index    int    // in the queue; -1 outside
}

// copyOf returns a copy of a run that can be changed freely; its results are
// shared.
func copyOf(r *event.Run) *event.Run {
	out := *r
	return &out
}

// meetingOf returns the meeting of a run, nil if there is none or it is
// forgotten.
func (s *Store) meetingOf(p *placed) *meeting {
	if m := p.event.meeting; m == nil || !m.forgotten {
		return m
	}
	return s.meetings[p.MeetingKey()]
}

// Claim leases up to limit due runs, oldest due first.
func (s *Store) Claim(_ context.Context, owner string, now, _ time.Time, limit int) ([]*event.Run, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*event.Run
	var held []*placed
	if s.opts.Forget {
		out = s.claimed[:0]
	}
	for len(out) < limit && len(s.queue) > 0 && !s.queue[0].Due.After(now) {
		p, _ := heap.Pop(&s.queue).(*placed)
		if s.held(p) {
			held = append(held, p)
			continue
		}
		p.Status, p.owner = event.StatusRunning, owner
		if n := len(out); n < cap(out) && out[:n+1][n] != nil {
			out = out[:n+1]
			*out[n] = p.Run
			continue
		}
		out = append(out, copyOf(&p.Run))
	}
	if s.opts.Forget {
		s.claimed = out
	}
	for _, p := range held {
		heap.Push(&s.queue, p)
	}
	return out, nil
}

// Renew does nothing: leases do not end.
func (s *Store) Renew(context.Context, string, time.Time) error { return nil }

// Release returns all leases of the owner.
func (s *Store) Release(_ context.Context, owner string, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.runs {
		if p.Status == event.StatusRunning && p.owner == owner {
			p.Status, p.Due, p.owner = event.StatusPending, now, ""
			heap.Push(&s.queue, p)
		}
	}
	return nil
}

// NextDue returns when the next run that is not held back is due; the zero
// time if there is none.
func (s *Store) NextDue(context.Context) (time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var next time.Time
	if len(s.queue) > 0 && !s.held(s.queue[0]) {
		return s.queue[0].Due, nil
	}
	for _, p := range s.queue {
		if (next.IsZero() || p.Due.Before(next)) && !s.held(p) {
			next = p.Due
		}
	}
	return next, nil
}

// Woken never receives: a rehearsal uses one goroutine.
func (s *Store) Woken() <-chan struct{} { return s.woken }

// SaveRevision keeps the sources of a rule set.
func (s *Store) SaveRevision(_ context.Context, revision string, sources []byte, _ time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sources[revision] = sources
	return nil
}

// Revision returns the sources of a rule set.
func (s *Store) Revision(_ context.Context, revision string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sources, ok := s.sources[revision]
	if !ok {
		return nil, fmt.Errorf("rules of revision %q: %w", revision, event.ErrNotFound)
	}
	return sources, nil
}

// Run returns one run.
func (s *Store) Run(_ context.Context, id string) (*event.Run, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.runs[id]
	if !ok {
		return nil, fmt.Errorf("run %q: %w", id, event.ErrNotFound)
	}
	return copyOf(&p.Run), nil
}

// Runs returns the runs of a rule for a meeting in some states, by event. It
// knows no other filters.
func (s *Store) Runs(_ context.Context, f event.RunFilter) ([]*event.Run, error) {
	return slices.DeleteFunc(s.All(), func(r *event.Run) bool {
		return r.Rule != f.Rule || r.MeetingRef() != f.MeetingID || !slices.Contains(f.Statuses, r.Status)
	}), nil
}

// All returns all runs that are kept, in the order of their events.
func (s *Store) All() []*event.Run {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.SortedFunc(maps.Values(s.runs), func(a, b *placed) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	out := make([]*event.Run, len(all))
	for i, p := range all {
		out[i] = copyOf(&p.Run)
	}
	return out
}

// Event returns one stored event.
func (s *Store) Event(_ context.Context, ref string) (*event.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := find(s.events, "event", ref)
	if err != nil {
		return nil, err
	}
	out := k.Record
	return &out, nil
}

// find returns the event or meeting with an id in any form.
func find[T any](known map[string]T, what, ref string) (T, error) {
	var none T
	if key, exact := event.ParseRef(ref); exact {
		if found, ok := known[key]; ok {
			return found, nil
		}
	}
	var keys []string
	for key := range known {
		if _, id := event.SplitKey(key); id == ref {
			keys = append(keys, key)
		}
	}
	switch len(keys) {
	case 0:
		return none, fmt.Errorf("%s %q: %w", what, ref, event.ErrNotFound)
	case 1:
		return known[keys[0]], nil
	}
	slices.Sort(keys)
	return none, event.Ambiguous(what, ref, keys)
}

// Size is how much is stored.
type Size struct{ Events, Runs, Meetings, Windows, Gathered, Memories int }

// Size returns how much is stored, to check that it does not grow.
func (s *Store) Size() Size {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Size{len(s.events), len(s.runs), len(s.meetings), len(s.windows), len(s.gathered), len(s.memories)}
}

// queue orders the runs that are not being carried out by due time.
type queue []*placed

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if !q[i].Due.Equal(q[j].Due) {
		return q[i].Due.Before(q[j].Due)
	}
	return q[i].before(q[j])
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i]; q[i].index, q[j].index = i, j }

// Push implements heap.Interface.
func (q *queue) Push(x any) {
	p, _ := x.(*placed)
	p.index = len(*q)
	*q = append(*q, p)
}

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	last := len(*q) - 1
	p := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	p.index = -1
	return p
}

// before orders runs by their events, and those of one event by their rules.
func (p *placed) before(o *placed) bool {
	if p.seq != o.seq {
		return p.seq < o.seq
	}
	return p.row < o.row
}

// Events returns the events received in a time, in the order of Seq: only Since,
// Until, After and Limit of the filter are looked at.
func (s *Store) Events(_ context.Context, f event.EventFilter) ([]*event.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*event.Record
	for _, k := range s.events {
		at := k.Event.Received
		if k.Seq > f.After && !at.Before(f.Since) && (f.Until.IsZero() || at.Before(f.Until)) {
			r := k.Record
			out = append(out, &r)
		}
	}
	slices.SortFunc(out, func(a, b *event.Record) int { return cmp.Compare(a.Seq, b.Seq) })
	if f.Limit > 0 && len(out) > f.Limit {
		out = out[:f.Limit]
	}
	return out, nil
}
