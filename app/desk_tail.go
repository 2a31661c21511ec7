package app

import (
	"context"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

// tailEvery is how often a database is asked for new events.
const tailEvery = time.Second

// Tail calls each for every event that is stored from now on, until ctx ends or
// each fails. It misses none, so missed is not told of any.
func (d *Desk) Tail(ctx context.Context, f event.EventFilter, each func(api.Event) error, _ func(int) error) error {
	newest, err := d.Store.Events(ctx, event.EventFilter{Limit: 1})
	if err != nil {
		return err
	}
	f.OldestFirst, f.Limit = true, 500
	if len(newest) > 0 {
		f.After = newest[0].Seq
	}
	tick := time.NewTicker(tailEvery)
	defer tick.Stop()
	for {
		records, err := d.shown().Events(ctx, f)
		if err != nil {
			return err
		}
		for _, r := range records {
			if err := each(api.EventOf(r)); err != nil {
				return err
			}
			f.After = r.Seq
		}
		if len(records) == f.Limit {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
