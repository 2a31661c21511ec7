package app

import (
	"context"
	"time"
)

const (
	// indexBatch bounds how long indexing blocks other writes.
	indexBatch = 500
	// indexEvery is the pause when there is nothing to index, indexSoon when
	// there was little: what is indexed soon is still in memory.
	indexEvery = time.Second
	indexSoon  = 300 * time.Millisecond
	// indexShare bounds the part of the time spent indexing while it is behind.
	indexShare = 3
)

// index indexes new events for search a little after they are stored. While it
// is behind, a search reads the newest events one by one.
func (a *App) index(ctx context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		n, err := a.store.Index(ctx, indexBatch)
		if err != nil && ctx.Err() == nil {
			a.log.Warn("cannot index new events for search", "error", err)
		}
		pause := time.Since(began) * (indexShare - 1)
		switch {
		case err != nil || n == 0:
			pause = max(pause, indexEvery)
		case n < indexBatch:
			pause = max(pause, indexSoon)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}
