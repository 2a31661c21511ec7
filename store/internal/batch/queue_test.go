package batch_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/batch"
)

func TestQueueBatchesWhatWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		release := make(chan struct{})
		q := batch.New(1, 4, func(items []*batch.Item[int]) {
			<-release
			sizes = append(sizes, len(items))
			for _, item := range items {
				item.Answer(nil)
			}
		})
		var callers sync.WaitGroup
		call := func() {
			callers.Go(func() {
				if err := q.Do(t.Context(), 1); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		for range 7 {
			call()
		}
		close(release)
		callers.Wait()
		q.Close()
		if len(sizes) != 3 || sizes[0] != 1 || sizes[1] != 4 || sizes[2] != 2 {
			t.Errorf("batches of %v, want 1, 4 and 2", sizes)
		}
	})
}

func TestQueueDropsWhatNobodyWaitsFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var done []string
		release := make(chan struct{})
		q := batch.New(1, 4, func(items []*batch.Item[string]) {
			<-release
			for _, item := range items {
				done = append(done, item.Work)
				item.Answer(nil)
			}
		})
		ctx, leave := context.WithCancel(t.Context())
		taken, queued := make(chan error, 1), make(chan error, 1)
		go func() { taken <- q.Do(ctx, "taken") }()
		synctest.Wait()
		go func() { queued <- q.Do(ctx, "queued") }()
		synctest.Wait()
		leave()
		if err := <-queued; !errors.Is(err, context.Canceled) {
			t.Errorf("queued: %v, want the context's error", err)
		}
		close(release)
		if err := <-taken; err != nil {
			t.Errorf("taken: %v, want the honest answer", err)
		}
		q.Close()
		if len(done) != 1 || done[0] != "taken" {
			t.Errorf("carried out %q", done)
		}
	})
}

func TestQueueClosed(t *testing.T) {
	t.Parallel()
	q := batch.New(2, 4, func(items []*batch.Item[int]) {
		for _, item := range items {
			item.Answer(nil)
		}
	})
	q.Close()
	q.Close()
	if err := q.Do(t.Context(), 1); !errors.Is(err, event.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}

// TestQueueWaitsForThoseJustAnswered has callers that come back soon after
// each answer. They must end up in one batch instead of two halves.
func TestQueueWaitsForThoseJustAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const callers, rounds = 16, 10
		var sizes []int
		q := batch.New(1, 64, func(items []*batch.Item[int]) {
			<-time.After(10 * time.Millisecond)
			sizes = append(sizes, len(items))
			for _, item := range items {
				item.Answer(nil)
			}
		})
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				for range rounds {
					if err := q.Do(t.Context(), 1); err != nil {
						t.Error(err)
					}
					<-time.After(time.Millisecond)
				}
			})
		}
		all.Wait()
		q.Close()
		if !slices.Contains(sizes, callers) || len(sizes) > rounds+3 {
			t.Errorf("batches of %v, want mostly %d", sizes, callers)
		}
	})
}

// TestQueueWaitsBriefly has one caller come when many have gone.
func TestQueueWaitsBriefly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		q := batch.New(1, 64, func(items []*batch.Item[int]) {
			<-release
			for _, item := range items {
				item.Answer(nil)
			}
		})
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if err := q.Do(t.Context(), 1); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		<-time.After(time.Second) // a slow transaction does not make the wait long
		close(release)
		all.Wait()
		began := time.Now()
		if err := q.Do(t.Context(), 1); err != nil {
			t.Error(err)
		}
		if late := time.Since(began); late > 2*time.Millisecond {
			t.Errorf("answered after %v", late)
		}
		q.Close()
	})
}
