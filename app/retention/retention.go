package retention

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/gavel-rules/gavel/app/metrics"
	"github.com/gavel-rules/gavel/archive"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/vault"
)

const (
	// pruneBatch bounds one delete, so that it never blocks intake.
	pruneBatch = 500
	pruneEvery = time.Minute
	// shrinkStep is how many bytes are given back at once, shrinkRest how long
	// others have the disk for themselves after that.
	shrinkStep = 1 << 20
	shrinkRest = 50 * time.Millisecond
	day        = 24 * time.Hour
)

// Options say how long events are kept.
type Options struct {
	Store store.Store
	Keep  time.Duration // how long events whose runs have ended are kept
	// Archive is a folder that events are moved to when they leave the
	// database; if empty, they are deleted.
	Archive string
	// Clock is the time to use; nothing is removed while it is in doubt.
	Clock interface {
		Now() time.Time
		Doubt() string
	}
	Log *slog.Logger
}

// Retention removes old events from the database.
type Retention struct {
	Options
	archive *archiver // nil without an archive

	pruned, freed atomic.Int64 // events and bytes since the start
}

// New opens the archive, if there is one.
func New(o Options) (*Retention, error) {
	r := &Retention{Options: o}
	if o.Archive == "" {
		return r, nil
	}
	dir, err := archive.Create(o.Archive)
	if err != nil {
		return nil, fmt.Errorf("%w; --archive must be a writable folder", err)
	}
	r.archive = &archiver{Options: o, dir: dir, store: vault.AsStored(o.Store)}
	return r, nil
}

// Run removes what is older than Keep, at once and repeatedly until ctx ends.
func (r *Retention) Run(ctx context.Context) {
	ticker := time.NewTicker(pruneEvery)
	defer ticker.Stop()
	for {
		switch {
		case r.Clock.Doubt() != "":
			// What a clock that is ahead removes cannot be restored.
		case r.archive != nil:
			r.pruned.Add(int64(r.archive.move(ctx, r.Clock.Now())))
			r.forget(ctx)
			r.shrink(ctx)
		default:
			r.prune(ctx)
			r.forget(ctx)
			r.shrink(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (r *Retention) prune(ctx context.Context) {
	before := r.pruned.Load()
	defer func() {
		if n := r.pruned.Load() - before; n > 0 {
			r.Log.Info("old events removed", "events", n)
		}
	}()
	for ctx.Err() == nil {
		n, err := r.Store.Prune(ctx, r.Clock.Now().Add(-r.Keep), pruneBatch)
		r.pruned.Add(int64(n))
		if err != nil && ctx.Err() == nil {
			r.Log.Warn("cannot remove old events", "error", err)
		}
		if err != nil || n < pruneBatch {
			return
		}
	}
}

// forget removes what rules remembered for a time that is over.
func (r *Retention) forget(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := r.Store.PruneMemory(ctx, r.Clock.Now(), pruneBatch)
		if err != nil && ctx.Err() == nil {
			r.Log.Warn("cannot remove what is no longer remembered", "error", err)
		}
		if err != nil || n < pruneBatch {
			return
		}
	}
}

// shrink gives the space of what was removed back to the disk, as far as new
// events will not need it soon.
func (r *Retention) shrink(ctx context.Context) {
	given := int64(0)
	for ctx.Err() == nil {
		n, err := r.Store.Shrink(ctx, shrinkStep)
		if err != nil && ctx.Err() == nil {
			r.Log.Warn("cannot give free space of the database back to the disk", "error", err)
		}
		given += n
		r.freed.Add(n)
		if err != nil || n == 0 {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(shrinkRest):
		}
	}
	if given > 0 {
		r.Log.Info("free space of the database given back to the disk", "bytes", given)
	}
}

// Warning describes the problem of the archive; empty when there is none.
func (r *Retention) Warning() string {
	if r.archive == nil {
		return ""
	}
	return r.archive.warning()
}

// Register adds the metrics. Without an archive archive_up is 1.
func (r *Retention) Register(m *metrics.Metrics) {
	x := r.archive
	if x == nil {
		x = &archiver{}
	}
	m.Counter("pruned_events_total", "Events removed from the database because of --keep, including those that were archived.", func() float64 { return float64(r.pruned.Load()) })
	m.Counter("database_freed_bytes_total", "Free space of the database given back to the disk.", func() float64 { return float64(r.freed.Load()) })
	m.Counter("archived_events_total", "Events moved from the database to the archive.", func() float64 {
		x.mu.Lock()
		defer x.mu.Unlock()
		return float64(x.moved)
	})
	m.Flag("archive_up", "1 if the last archiving of old events worked, 0 if not.", func() bool {
		x.mu.Lock()
		defer x.mu.Unlock()
		return x.problem == ""
	})
}
