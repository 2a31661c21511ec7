package desk

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store"
)

// unordered is a store whose events come into sight in another order than they
// are numbered in, as those of several processes on PostgreSQL do.
type unordered struct {
	store.Store
	mu      sync.Mutex
	visible []int64
	asked   []int64 // the After of each question for what is new
}

func (s *unordered) show(seqs ...int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.visible = append(s.visible, seqs...)
}

func (s *unordered) Events(_ context.Context, f event.EventFilter) ([]*event.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.OldestFirst {
		s.asked = append(s.asked, f.After)
	}
	seqs := slices.Sorted(slices.Values(s.visible))
	seqs = slices.DeleteFunc(seqs, func(seq int64) bool { return seq <= f.After })
	if !f.OldestFirst {
		slices.Reverse(seqs)
	}
	var out []*event.Record
	for _, seq := range seqs[:min(f.Limit, len(seqs))] {
		out = append(out, &event.Record{Seq: seq, Runs: int(seq), Event: &event.Event{Meeting: &event.Meeting{}, Change: &event.Change{}, Test: &event.Test{}}})
	}
	return out, nil
}

func TestTailMissesNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &unordered{}
		for seq := int64(1); seq <= 1000; seq++ {
			if seq != 999 {
				s.show(seq)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		var told []int
		done := make(chan error, 1)
		go func() {
			each := func(ev api.Event) error { told = append(told, ev.Runs); return nil }
			done <- (&Desk{Store: s}).Tail(ctx, event.EventFilter{}, each, nil)
		}()
		shown := func(want ...int) {
			t.Helper()
			synctest.Wait()
			if diff := cmp.Diff(want, told); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
			told = nil
		}
		shown()
		s.show(999, 1002)
		time.Sleep(tailEvery)
		shown(999, 1002)
		s.show(1003, 1001)
		time.Sleep(tailEvery)
		shown(1001, 1003)
		time.Sleep(tailSettle + tailEvery)
		shown()
		if last := s.asked[len(s.asked)-1]; last != 1003 {
			t.Errorf("the events after %d are read again and again, want those after 1003", last)
		}
		for seq := int64(1004); seq < 1004+3*tailPage; seq++ {
			s.show(seq)
		}
		time.Sleep(tailEvery)
		synctest.Wait()
		if len(told) != 3*tailPage {
			t.Errorf("%d of %d events were told", len(told), 3*tailPage)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("it ends with %v", err)
		}
	})
}
