package app

import (
	"context"
	"time"

	"github.com/gavel-rules/gavel/console"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// consoleFeed tells the console what the engine does.
type consoleFeed struct {
	feed    *console.Feed
	current func() *rules.Set
}

// EventTaken implements engine.Observer.
func (f consoleFeed) EventTaken(ev *event.Event, receipt event.Receipt, _ int) {
	f.feed.EventTaken(&event.Record{
		Seq: receipt.Seq, Event: ev, Late: receipt.Late, Deliveries: 1, LastSeen: ev.Received, Runs: receipt.Created,
	})
}

// AttemptEnded implements engine.Observer.
func (f consoleFeed) AttemptEnded(run *event.Run, a *event.Attempt) {
	if a.Outcome != event.OutcomeFailed {
		return
	}
	f.feed.AttemptFailed(f.connection(run, a), a.Cause)
}

// connection names the connection that an attempt went over, as the rules in
// force have it.
func (f consoleFeed) connection(run *event.Run, a *event.Attempt) string {
	rule := f.current().Rule(run.Rule)
	if rule == nil || a.Action < 0 || a.Action >= len(rule.Actions) {
		return a.Kind
	}
	if name := rule.Actions[a.Action].Connection; name != "" {
		return name
	}
	return a.Kind
}

// RunChanged implements engine.Observer.
func (f consoleFeed) RunChanged(run *event.Run) { f.feed.RunChanged(run) }

// Claimed implements engine.Observer.
func (f consoleFeed) Claimed(int, time.Duration) {}

const (
	// seedMost bounds what is read at the start to show the day before it.
	seedMost  = 10_000
	seedBatch = 500
)

// seedConsole counts what happened in the day before this start.
func (a *App) seedConsole(ctx context.Context) {
	feed := a.watch.feed
	began, window := feed.Began(), feed.Window()
	events, wholeEvents, err := readBack(func(last *event.Record) ([]*event.Record, error) {
		f := event.EventFilter{Since: window, Until: began, Limit: seedBatch}
		if last != nil {
			f.Before = last.Seq
		}
		return a.store.Events(ctx, f)
	})
	if err != nil {
		a.tellSeed(ctx, err)
		return
	}
	runs, wholeRuns, err := readBack(func(last *event.Run) ([]*event.Run, error) {
		f := event.RunFilter{Since: window, Until: began, Limit: seedBatch}
		if last != nil {
			f.Before = last.ID
		}
		return a.store.Runs(ctx, f)
	})
	if err != nil {
		a.tellSeed(ctx, err)
		return
	}
	feed.Seed(events, runs, wholeEvents && wholeRuns)
}

func (a *App) tellSeed(ctx context.Context, err error) {
	if ctx.Err() == nil {
		a.log.Warn("the console counts from now on only", "error", err)
	}
}

// readBack reads pages, newest first, until there are no more or there are
// seedMost. whole says that there were no more.
func readBack[T any](page func(last *T) ([]*T, error)) (all []*T, whole bool, err error) {
	var last *T
	for len(all) < seedMost {
		batch, err := page(last)
		if err != nil {
			return nil, false, err
		}
		all = append(all, batch...)
		if len(batch) < seedBatch {
			return all, true, nil
		}
		last = batch[len(batch)-1]
	}
	return all, false, nil
}
