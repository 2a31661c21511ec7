// Package pause knows what is paused, as the database has it, for the engine
// of one process.
package pause

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gavel-rules/gavel/event"
)

const (
	// freedAtOnce is how many runs are freed in one transaction after a pause.
	freedAtOnce = 1000
	// sweepEvery is how often runs are looked for that no pause holds any more,
	// because a process was killed between the two, or learned of the end late.
	sweepEvery = 5 * time.Second
)

// Store keeps pauses; its methods are those of package store.
type Store interface {
	Pauses(ctx context.Context) ([]event.Pause, error)
	Resume(ctx context.Context, key event.PauseKey, since time.Time) error
	FreeSetAside(ctx context.Context, limit int) (int, error)
}

// Board is what is paused. A nil Board pauses nothing. It is safe for concurrent
// use.
type Board struct {
	store Store
	log   *slog.Logger
	now   func() time.Time
	freed func()
	every time.Duration

	known  atomic.Pointer[[]event.Pause]
	loaded chan struct{} // closed once the database has answered
	sweeps chan struct{} // asks for a sweep
	once   sync.Once

	mu    sync.Mutex // of Refresh
	swept time.Time
}

// Options configure a Board; all are required.
type Options struct {
	Store Store
	Log   *slog.Logger
	Now   func() time.Time
	// Every is how often the database is asked, which bounds how long a pause
	// takes on other machines.
	Every time.Duration
	// Freed is called after runs were freed.
	Freed func()
}

// NewBoard returns a board that knows nothing until Refresh.
func NewBoard(o Options) *Board {
	return &Board{store: o.Store, log: o.Log, now: o.Now, freed: o.Freed, every: o.Every, loaded: make(chan struct{}), sweeps: make(chan struct{}, 1)}
}

// Run refreshes the board, and frees the runs of pauses that have ended, until
// ctx ends.
func (b *Board) Run(ctx context.Context) {
	if b == nil {
		return
	}
	var sweeper sync.WaitGroup
	defer sweeper.Wait()
	sweeper.Go(func() { b.sweep(ctx) })
	ticker := time.NewTicker(b.every)
	defer ticker.Stop()
	for {
		if err := b.Refresh(ctx); err != nil && ctx.Err() == nil {
			b.log.Warn("what is paused could not be read; what was known stays paused", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Await waits until it is known what is paused, or ctx ends: nothing may go out
// before.
func (b *Board) Await(ctx context.Context) {
	if b == nil {
		return
	}
	select {
	case <-b.loaded:
	case <-ctx.Done():
	}
}

// Refresh reads what is paused, and ends pauses whose time is over. Their runs
// are freed by Run: many of them take a while, in which a new pause must not
// wait.
func (b *Board) Refresh(ctx context.Context) error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	list, err := b.store.Pauses(ctx)
	if err != nil {
		return err
	}
	now := b.now()
	var left []event.Pause
	for _, p := range list {
		if p.Until.IsZero() || p.Until.After(now) {
			left = append(left, p)
			continue
		}
		switch err := b.store.Resume(ctx, p.Key, p.Since); {
		case err == nil:
			b.log.Info("a pause is over", "paused", p.Key.Title(), "since", event.TimeText(p.Since))
		case !errors.Is(err, event.ErrNotFound): // another process was first
			return err
		}
	}
	before := b.known.Swap(&left)
	b.tell(before, left)
	b.once.Do(func() { close(b.loaded) })
	if ended(before, left) || now.Sub(b.swept) >= sweepEvery || now.Before(b.swept) {
		b.swept = now
		select {
		case b.sweeps <- struct{}{}:
		default: // one is to begin already
		}
	}
	return nil
}

// sweep frees runs whenever it is asked to, until ctx ends.
func (b *Board) sweep(ctx context.Context) {
	n := 0
	for {
		if n < freedAtOnce {
			select {
			case <-b.sweeps:
			case <-ctx.Done():
				return
			}
		}
		var err error
		n, err = b.store.FreeSetAside(ctx, freedAtOnce)
		if err != nil && ctx.Err() == nil {
			b.log.Warn("runs that were held are still to be freed; this is tried again", "error", err)
		}
		if n > 0 {
			b.freed()
		}
	}
}

// tell logs pauses that this process did not know.
func (b *Board) tell(before *[]event.Pause, now []event.Pause) {
	for _, p := range now {
		known := before != nil && slices.ContainsFunc(*before, func(q event.Pause) bool { return q.Key == p.Key && q.Since.Equal(p.Since) })
		if !known {
			b.log.Warn("paused", "paused", p.Key.Title(), "by", p.By, "since", event.TimeText(p.Since), "until", untilText(p.Until), "reason", p.Reason)
		}
	}
}

func untilText(t time.Time) string {
	if t.IsZero() {
		return "it is resumed"
	}
	return event.TimeText(t)
}

// ended reports whether a pause of before is missing now, or is another one.
func ended(before *[]event.Pause, now []event.Pause) bool {
	if before == nil {
		return true
	}
	return slices.ContainsFunc(*before, func(p event.Pause) bool {
		return !slices.ContainsFunc(now, func(q event.Pause) bool { return q.Key == p.Key && q.Since.Equal(p.Since) })
	})
}

// Holding returns the pause that holds a call of a rule over a connection, which
// may be empty; nil if there is none.
func (b *Board) Holding(rule, connection string) *event.Pause {
	if b == nil {
		return nil
	}
	list := b.known.Load()
	if list == nil || len(*list) == 0 {
		return nil
	}
	for i := range *list {
		p := &(*list)[i]
		switch {
		case p.Key == event.PauseAll, rule != "" && p.Key == event.PauseRule(rule),
			connection != "" && p.Key == event.PauseConnection(connection):
			return p
		}
	}
	return nil
}

// List returns what is paused, sorted by key.
func (b *Board) List() []event.Pause {
	if b == nil {
		return nil
	}
	if list := b.known.Load(); list != nil {
		return *list
	}
	return nil
}
