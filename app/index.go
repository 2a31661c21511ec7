package app

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/event"
)

const (
	// indexBatch bounds how long indexing blocks other writes.
	indexBatch = 100
	// indexEvery is the pause when there is nothing to index.
	indexEvery = time.Second
	// busyAbove is how many events per second count as busy intake.
	busyAbove = 200
	// Indexing takes at most one part in busyShare of the time while intake is
	// busy, otherwise one in idleShare.
	busyShare, idleShare = 25, 3
)

// taken counts the events that this process has stored.
type taken struct {
	engine.Observer
	count atomic.Int64
}

// EventTaken implements engine.Observer.
func (t *taken) EventTaken(ev *event.Event, receipt event.Receipt, matched int) {
	t.count.Add(1)
	t.Observer.EventTaken(ev, receipt, matched)
}

// index indexes new events for search. Intake goes first: while it is busy,
// indexing falls behind, and a search reads the newest events one by one.
func (a *App) index(ctx context.Context) {
	seen, since, busy := a.watch.taken.count.Load(), time.Now(), false
	for ctx.Err() == nil {
		began := time.Now()
		if passed := began.Sub(since); passed >= indexEvery {
			now := a.watch.taken.count.Load()
			busy = float64(now-seen)/passed.Seconds() > busyAbove
			seen, since = now, began
		}
		n, err := a.store.Index(ctx, indexBatch)
		if err != nil && ctx.Err() == nil {
			a.log.Warn("cannot index new events for search", "error", err)
		}
		share := time.Duration(idleShare)
		if busy {
			share = busyShare
		}
		pause := time.Since(began) * (share - 1)
		if err != nil || n < indexBatch {
			pause = max(pause, indexEvery)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}
