package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/app/metrics"
	"github.com/gavel-rules/gavel/archive"
	"github.com/gavel-rules/gavel/vault"
)

const (
	// pruneBatch bounds one delete, so that intake is never held up by it.
	pruneBatch = 500
	pruneEvery = time.Minute
	day        = 24 * time.Hour
)

// removeOld removes, at the start and again and again, what is older than Keep.
func (a *App) removeOld(ctx context.Context) {
	ticker := time.NewTicker(pruneEvery)
	defer ticker.Stop()
	for {
		switch {
		case a.clock.Doubt() != "":
			// What is removed by a clock that is ahead cannot be brought back.
		case a.archive != nil:
			a.archive.move(ctx, a.clock.Now())
		default:
			a.prune(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (a *App) prune(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := a.store.Prune(ctx, a.clock.Now().Add(-a.opts.Keep), pruneBatch)
		if err != nil && ctx.Err() == nil {
			a.log.Warn("old events could not be removed", "error", err)
		}
		if err != nil || n < pruneBatch {
			return
		}
	}
}

// archiver brings old events into the archive.
type archiver struct {
	*App
	dir   *archive.Dir
	store vault.Store // as it lies on disk: what is sealed stays sealed

	mu      sync.Mutex
	done    time.Time // what was received before is archived
	ended   time.Time // when the last move ended well
	moved   int
	problem string // of the last move; empty when it ended well
}

func (a *App) openArchive() error {
	if a.opts.Archive == "" {
		return nil
	}
	dir, err := archive.Create(a.opts.Archive)
	if err != nil {
		return fmt.Errorf("%w; --archive must be a folder that can be written", err)
	}
	a.archive = &archiver{App: a, dir: dir, store: vault.AsStored(a.store), ended: time.Now()}
	return nil
}

// before says how far the archive reaches: whole days if events are kept for
// days, so that a day is one file as a rule.
func (x *archiver) before(now time.Time) time.Time {
	limit := now.Add(-x.opts.Keep).UTC()
	if x.opts.Keep >= day {
		return limit.Truncate(day)
	}
	return limit
}

// move does nothing when there is nothing new to archive.
func (x *archiver) move(ctx context.Context, now time.Time) {
	before := x.before(now)
	if !before.After(x.done) {
		return
	}
	release, ok, err := x.store.Exclusive(ctx, "archive")
	if err == nil && !ok {
		return // another process is at it
	}
	var moved archive.Moved
	if err == nil {
		moved, err = x.dir.Move(ctx, x.store, before)
		release()
	}
	if err == nil {
		err = x.store.PruneRest(ctx, before)
	}
	if errors.Is(err, archive.ErrBusy) || ctx.Err() != nil {
		return
	}
	if moved.Events > 0 {
		x.log.Info("events archived", "events", moved.Events, "files", moved.Files)
	}
	x.note(moved, before, err)
}

func (x *archiver) note(moved archive.Moved, before time.Time, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.moved += moved.Events
	if err != nil {
		if x.problem != err.Error() {
			x.log.Error("old events could not be archived and stay in the database", "error", err)
		}
		x.problem = err.Error()
		return
	}
	x.done, x.ended, x.problem = before, time.Now(), ""
}

// warning says in words what is wrong with the archive.
func (x *archiver) warning() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.problem == "" {
		return ""
	}
	return "Old events cannot be archived, so they stay in the database: " + x.problem + "."
}

// register adds the metrics of the archive. A nil archiver is none, so that
// nothing goes wrong with it.
func (x *archiver) register(m *metrics.Metrics) {
	if x == nil {
		x = &archiver{}
	}
	m.Counter("archived_events_total", "Events moved from the database to the archive.", func() float64 {
		x.mu.Lock()
		defer x.mu.Unlock()
		return float64(x.moved)
	})
	m.Flag("archive_up", "1 when old events could be archived the last time, 0 when they could not.", func() bool {
		x.mu.Lock()
		defer x.mu.Unlock()
		return x.problem == ""
	})
}
