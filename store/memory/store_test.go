package memory_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/memory"
	"github.com/gavel-rules/gavel/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.RunRehearsal(t, func(*testing.T) storetest.Rehearsal {
		h := &historian{attempts: map[string][]event.Attempt{}}
		h.Store = memory.New(memory.Options{Changed: func(run *event.Run, a event.Attempt) { h.write(run.ID, a) }})
		return h
	})
}

// historian writes down what a store in memory only reports.
type historian struct {
	*memory.Store
	mu       sync.Mutex
	attempts map[string][]event.Attempt
}

func (h *historian) write(run string, attempts ...event.Attempt) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range attempts {
		a.Seq = int64(len(h.attempts[run]) + 1)
		h.attempts[run] = append(h.attempts[run], a)
	}
}

// Record implements storetest.Rehearsal.
func (h *historian) Record(ctx context.Context, p event.Progress) error {
	h.write(p.Run.ID, p.Attempts...)
	return h.Store.Record(ctx, p)
}

// Attempts implements storetest.Rehearsal.
func (h *historian) Attempts(_ context.Context, runID string) ([]event.Attempt, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.attempts[runID]), nil
}
