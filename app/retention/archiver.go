package retention

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/archive"
	"github.com/gavel-rules/gavel/store"
)

// archiver moves old events into the archive.
type archiver struct {
	Options
	dir   *archive.Dir
	store store.Store // below the encryption: sealed events stay sealed

	mu      sync.Mutex
	done    time.Time // events received before this time are archived
	moved   int
	problem string // of the last move; empty when it succeeded
}

// before returns the time up to which events are archived: whole days if
// events are kept for days, so that a day is usually one file.
func (x *archiver) before(now time.Time) time.Time {
	limit := now.Add(-x.Keep).UTC()
	if x.Keep >= day {
		return limit.Truncate(day)
	}
	return limit
}

// move does nothing when there is nothing new to archive. It returns how many
// events it has moved.
func (x *archiver) move(ctx context.Context, now time.Time) int {
	before := x.before(now)
	if !before.After(x.done) {
		return 0
	}
	release, ok, err := x.store.Exclusive(ctx, "archive")
	if err == nil && !ok {
		return 0 // another process is archiving
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
		return moved.Events
	}
	if moved.Events > 0 {
		x.Log.Info("events archived", "events", moved.Events, "files", moved.Files)
	}
	x.note(moved, before, err)
	return moved.Events
}

func (x *archiver) note(moved archive.Moved, before time.Time, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.moved += moved.Events
	if err != nil {
		if x.problem != err.Error() {
			x.Log.Error("cannot archive old events; they stay in the database", "error", err)
		}
		x.problem = err.Error()
		return
	}
	x.done, x.problem = before, ""
}

// warning describes the problem of the archive; empty when there is none.
func (x *archiver) warning() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.problem == "" {
		return ""
	}
	return "Cannot archive old events; they stay in the database: " + x.problem + "."
}
