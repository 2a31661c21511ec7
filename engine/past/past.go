// Package past reads the events that a run of a schedule reports on.
package past

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// Source has the events of the past.
type Source interface {
	// Each calls do for the events received from since until before until,
	// oldest first.
	Each(ctx context.Context, since, until time.Time, do func(*event.Record) error) error
}

// Store is a store of events, as far as Stored needs it.
type Store interface {
	Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error)
}

// page is how many events are read at a time.
const page = 200

// Stored is the Source of what is in a store.
type Stored struct{ Store Store }

// Each implements Source.
func (s Stored) Each(ctx context.Context, since, until time.Time, do func(*event.Record) error) error {
	f := event.EventFilter{Since: since, Until: until, OldestFirst: true, Limit: page, Bytes: event.PageBytes}
	for {
		records, err := s.Store.Events(ctx, f)
		if err != nil {
			return fmt.Errorf("read events: %w", err)
		}
		for _, r := range records {
			if err := do(r); err != nil {
				return err
			}
			f.After = r.Seq
		}
		if f.Ended(records) {
			return nil
		}
	}
}

// Collect reads what the run of a schedule reports on into all. If shown is not
// nil, each event is also collected there, as show returns it: without what nobody
// may see.
func Collect(ctx context.Context, from Source, all *rules.Collection, shown *rules.Collection, show func(*event.Event) (*event.Event, error)) error {
	return from.Each(ctx, all.Since, all.Until, func(r *event.Record) error {
		if r.Damage != "" {
			all.Unreadable(errors.New(r.Damage))
			return nil
		}
		if err := all.Add(ctx, r.Event); err != nil || shown == nil {
			return err
		}
		ev, err := show(r.Event)
		if err != nil {
			shown.Unreadable(err)
			return nil
		}
		return shown.Add(ctx, ev)
	})
}
