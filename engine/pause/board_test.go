package pause_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gavel-rules/gavel/engine/pause"
	"github.com/gavel-rules/gavel/event"
)

// full is a store with so many runs to free that it never ends.
type full struct {
	paused []event.Pause
	freed  chan struct{}
}

func (f *full) Pauses(context.Context) ([]event.Pause, error) { return f.paused, nil }

func (f *full) Resume(context.Context, event.PauseKey, time.Time) error { return nil }

func (f *full) FreeSetAside(ctx context.Context, limit int) (int, error) {
	select {
	case f.freed <- struct{}{}:
		return limit, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// TestAPauseDoesNotWaitForRunsThatAreFreed: what is paused while a long backlog
// of another pause is being freed is paused at once.
func TestAPauseDoesNotWaitForRunsThatAreFreed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &full{freed: make(chan struct{})}
		board := pause.NewBoard(pause.Options{
			Store: store, Log: slog.New(slog.DiscardHandler), Now: time.Now, Every: time.Second, Freed: func() {},
		})
		go board.Run(t.Context())
		board.Await(t.Context())
		<-store.freed // the first of many
		store.paused = []event.Pause{{Key: event.PauseAll, Since: time.Now()}}
		refreshed := make(chan error, 1)
		go func() { refreshed <- board.Refresh(t.Context()) }()
		synctest.Wait()
		select {
		case err := <-refreshed:
			if err != nil || board.Holding("any", "") == nil {
				t.Errorf("not paused: %v", err)
			}
		default:
			t.Error("the pause waits for the runs that are freed")
		}
		<-store.freed
	})
}
