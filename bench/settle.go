package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/bench/traffic"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/search"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/store/postgres"
	"github.com/gavel-rules/gavel/store/sqlite"
)

// backlog shows, from outside, what a contender has still to do. Asking Gavel
// itself would make it count all that it has stored.
type backlog struct {
	io.Closer
	// running reports whether runs have not ended.
	running func(context.Context) (bool, error)
	// left counts what was put off: events that the search does not know yet,
	// letters in an outbox.
	left func(context.Context) (int64, error)
}

// watch opens a backlog.
type watch func(context.Context) (*backlog, error)

const (
	// finishPoll is how closely the end of the last run is known.
	finishPoll = 5 * time.Millisecond
	// settlePoll keeps looking cheap beside what is looked at.
	settlePoll = 100 * time.Millisecond
)

var errUnsettled = errors.New("what was put off (search index, outbox) is not done in time")

// awaitFinished waits until all runs have ended. Those that do not end are
// counted by their actions, not an error here.
func (f *fleet) awaitFinished(ctx context.Context, patience time.Duration) error {
	err := f.await(ctx, patience, finishPoll, traffic.ErrLate, f.running)
	if errors.Is(err, traffic.ErrLate) {
		return nil
	}
	return err
}

// awaitSettled waits until nothing is left to do.
func (f *fleet) awaitSettled(ctx context.Context, patience time.Duration) error {
	return f.await(ctx, patience, settlePoll, errUnsettled, func(ctx context.Context) (bool, error) {
		n, err := f.backlog.left(ctx)
		return n > 0, err
	})
}

func (f *fleet) running(ctx context.Context) (bool, error) {
	if f.backlog.running == nil {
		return false, nil
	}
	return f.backlog.running(ctx)
}

func (f *fleet) await(ctx context.Context, patience, poll time.Duration, late error, busy func(context.Context) (bool, error)) (err error) {
	if f.watch == nil {
		return nil
	}
	if f.backlog == nil {
		if f.backlog, err = f.watch(ctx); err != nil {
			return fmt.Errorf("look at what is left to do: %w", err)
		}
	}
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		switch more, err := busy(ctx); {
		case err != nil || !more:
			return err
		case time.Now().After(deadline):
			return late
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// watchStore looks into Gavel's database.
func watchStore(database string) watch {
	return func(ctx context.Context) (*backlog, error) {
		var (
			s   store.Store
			err error
		)
		if path, isFile := strings.CutPrefix(database, "sqlite:"); isFile {
			s, err = sqlite.Open(ctx, path, sqlite.Options{ReadOnly: true})
		} else {
			s, err = postgres.Open(ctx, database, postgres.Options{ReadOnly: true, Connections: 1})
		}
		if err != nil {
			return nil, err
		}
		return &backlog{
			Closer: s,
			running: func(ctx context.Context) (bool, error) {
				runs, err := s.Runs(ctx, event.RunFilter{Statuses: []event.Status{event.StatusPending, event.StatusRunning}, Limit: 1})
				return len(runs) > 0, err
			},
			left: func(ctx context.Context) (int64, error) { return unindexed(ctx, s) },
		}, nil
	}
}

// unindexed returns how many events the search does not know yet.
func unindexed(ctx context.Context, s store.Store) (int64, error) {
	newest, err := s.Events(ctx, event.EventFilter{Limit: 1})
	if err != nil || len(newest) == 0 {
		return 0, err
	}
	// It finds nothing: only how far the index goes is asked for.
	_, upTo, err := s.Search(ctx, search.New("nothing", ""), math.MaxInt64-1, 0, 1)
	return newest[0].Seq - upTo, err
}

// watchOutbox asks a handwritten contender for its outbox.
func watchOutbox(address string) watch {
	return func(context.Context) (*backlog, error) {
		left := func(ctx context.Context) (int64, error) {
			body, err := get(ctx, "http://"+address+"/-/left")
			if err != nil {
				return 0, err
			}
			n, err := strconv.ParseInt(body, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("read the outbox: %w", err)
			}
			return n, nil
		}
		return &backlog{Closer: io.NopCloser(nil), left: left}, nil
	}
}
