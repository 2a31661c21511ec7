package batch_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
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

// TestOthersHelpWhenMuchWaits: one worker carries out what comes now and then;
// others take part when much waits, or when the first does not come back.
func TestOthersHelpWhenMuchWaits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		callers, atOnce int
		first           time.Duration // how long the first batch takes
		longest         time.Duration // until the last but the first is answered
	}{
		"few":           {callers: 8, atOnce: 1, first: 100 * time.Millisecond, longest: 100 * time.Millisecond},
		"many":          {callers: 17, atOnce: 2, first: 100 * time.Millisecond, longest: 10 * time.Millisecond},
		"a stuck first": {callers: 3, atOnce: 2, first: 10 * time.Second, longest: 300 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var began, now, most atomic.Int32
				q := batch.New(4, 64, func(items []*batch.Item[int]) {
					most.Store(max(most.Load(), now.Add(1)))
					if began.Add(1) == 1 {
						time.Sleep(c.first)
					}
					now.Add(-1)
					for _, item := range items {
						item.Answer(nil)
					}
				})
				var first, others sync.WaitGroup
				call := func(all *sync.WaitGroup) {
					all.Go(func() {
						if err := q.Do(t.Context(), 1); err != nil {
							t.Error(err)
						}
					})
					synctest.Wait()
				}
				call(&first)
				at := time.Now()
				for range c.callers - 1 {
					call(&others)
				}
				others.Wait()
				if took := time.Since(at); took > c.longest || int(most.Load()) != c.atOnce {
					t.Errorf("answered after %v by up to %d at once, want at most %v and %d", took, most.Load(), c.longest, c.atOnce)
				}
				first.Wait()
				q.Close()
			})
		})
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
