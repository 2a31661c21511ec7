package memory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// Memories returns what is remembered with some keys, by key and name.
func (s *Store) Memories(_ context.Context, keys []event.MemoryKey) ([]event.Remembered, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []event.Remembered
	for _, key := range keys {
		for _, r := range s.memories[key] {
			out = append(out, *r)
		}
	}
	slices.SortFunc(out, func(a, b event.Remembered) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

// Remembered returns all that is remembered.
func (s *Store) Remembered() []event.Remembered {
	s.mu.Lock()
	keys := slices.Collect(maps.Keys(s.memories))
	s.mu.Unlock()
	out, _ := s.Memories(context.Background(), keys) // never fails
	return out
}

// Remember keeps a value, as given to a rehearsal.
func (s *Store) Remember(r event.Remembered) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(&r)
}

func (s *Store) put(r *event.Remembered) {
	if s.memories[r.Key] == nil {
		s.memories[r.Key] = map[string]*event.Remembered{}
	}
	s.memories[r.Key][r.Name] = r
}

// remember stores what a run remembers, unless the same attempt did; last is
// that attempt.
func (s *Store) remember(p *event.Progress, last *string) error {
	if args := ledger.AgainArgs(p); args != nil {
		this := fmt.Sprint(args...)
		if this == *last {
			return nil
		}
		*last = this
	}
	find := func(c *event.Remember) (*event.Remembered, error) { return s.memories[c.Key][c.Name], nil }
	put := func(r *event.Remembered) error {
		s.put(r)
		return nil
	}
	return ledger.Remember(p, find, put, func(c *event.Remember) error {
		delete(s.memories[c.Key], c.Name)
		return nil
	})
}

// leastMemories is the number of keys below which none is removed.
const leastMemories = 1024

// forgetMemories removes what has expired. It checks all keys, but only when
// their number has doubled, so that the cost per event is small.
func (s *Store) forgetMemories(now time.Time) {
	if !s.opts.Forget || len(s.memories) < max(leastMemories, s.memoriesAt) {
		return
	}
	for key, names := range s.memories {
		maps.DeleteFunc(names, func(_ string, r *event.Remembered) bool { return r.Expired(now) })
		if len(names) == 0 {
			delete(s.memories, key)
		}
	}
	s.memoriesAt = 2 * len(s.memories)
}
