package metrics

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// TestCountsNeverHoldAPageUp has totals that take long to count.
func TestCountsNeverHoldAPageUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var (
			calls      int64
			background sync.WaitGroup
			broken     error
		)
		c := NewCounts(func(context.Context) (event.Counts, error) {
			time.Sleep(500 * time.Millisecond)
			calls++
			return event.Counts{Events: calls}, broken
		}, background.Go)
		look := func(want int64, waits time.Duration) {
			t.Helper()
			began := time.Now()
			got, err := c.Counts(t.Context())
			if err != nil || got.Events != want || time.Since(began) != waits {
				t.Errorf("%d after %v, %v; want %d after %v", got.Events, time.Since(began), err, want, waits)
			}
		}
		look(1, 500*time.Millisecond) // nothing is known yet
		time.Sleep(9 * time.Second)   // less than twenty times what counting took
		look(1, 0)
		time.Sleep(2 * time.Second)
		look(1, 0) // and counts again
		look(1, 0)
		time.Sleep(time.Second)
		look(2, 0)
		time.Sleep(time.Hour)
		look(3, 500*time.Millisecond) // too old to be shown
		broken = errors.New("away")
		time.Sleep(time.Hour)
		if _, err := c.Counts(t.Context()); err == nil {
			t.Error("no error while the store is away")
		}
		broken = nil
		look(5, 500*time.Millisecond)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		time.Sleep(time.Hour)
		if _, err := c.Counts(ended); !errors.Is(err, context.Canceled) {
			t.Errorf("who has gone gets %v", err)
		}
		background.Wait()
	})
}
