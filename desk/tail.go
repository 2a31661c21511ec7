package desk

import (
	"context"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/privacy"
)

const (
	// tailEvery is how often a database is polled for new events.
	tailEvery = time.Second
	// tailSettle is how long an event may appear after newer ones: in
	// PostgreSQL several processes number events concurrently.
	tailSettle = 5 * time.Second
	// tailPage is how many events are read at a time, and how many of the
	// existing events are remembered to recognize later ones.
	tailPage = 100
)

// Tail calls each for every event that is stored from now on, until ctx ends
// or each fails. It misses none, so it never calls missed.
func (d *Desk) Tail(ctx context.Context, f event.EventFilter, each func(api.Event) error, _ func(int) error) error {
	t := &tail{store: d.shown(), filter: f, each: each, seen: map[int64]time.Time{}}
	if err := t.begin(ctx); err != nil {
		return err
	}
	tick := time.NewTicker(tailEvery)
	defer tick.Stop()
	for {
		if err := t.look(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// tail is the state of the newest events.
type tail struct {
	store  *privacy.Shown
	filter event.EventFilter
	each   func(api.Event) error
	floor  int64               // all events up to this number have appeared
	seen   map[int64]time.Time // numbers above it, and when they appeared
}

// begin remembers the existing events.
func (t *tail) begin(ctx context.Context) error {
	f := t.filter
	f.Limit, f.Bytes, f.Raw = tailPage, event.PageBytes, true
	for {
		newest, err := t.store.Events(ctx, f)
		if err != nil {
			return err
		}
		for _, r := range newest { // newest first
			t.seen[r.Seq] = time.Now()
			t.floor = r.Seq - 1
			f.Before = r.Seq
		}
		if f.Limit -= len(newest); f.Limit <= 0 || !event.Continues(newest) {
			return nil
		}
	}
}

// look reports the events that have appeared.
func (t *tail) look(ctx context.Context) error {
	f := t.filter
	f.OldestFirst, f.After, f.Limit, f.Bytes = true, t.floor, tailPage, event.PageBytes
	for {
		records, err := t.store.Events(ctx, f)
		if err != nil {
			return err
		}
		for _, r := range records {
			f.After = r.Seq
			if _, seen := t.seen[r.Seq]; seen {
				continue
			}
			t.seen[r.Seq] = time.Now()
			if err := t.each(api.EventOf(r)); err != nil {
				return err
			}
		}
		if f.Ended(records) {
			t.forget()
			return nil
		}
	}
}

// forget removes the numbers below which no event can appear any more.
func (t *tail) forget() {
	for seq, since := range t.seen {
		if time.Since(since) >= tailSettle {
			t.floor = max(t.floor, seq)
		}
	}
	for seq := range t.seen {
		if seq <= t.floor {
			delete(t.seen, seq)
		}
	}
}
