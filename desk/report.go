package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/report"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/vault"
)

// Report counts the database and the archive. progress is called from time to
// time and may be nil.
func (d *Desk) Report(ctx context.Context, o report.Options, progress func(events int, at time.Time)) (*report.Report, error) {
	past, err := d.past()
	if err != nil {
		return nil, err
	}
	tally, events := report.New(o), 0
	// An event is counted by when it happened, which is before it was
	// received.
	since := o.Since
	if !since.IsZero() {
		since = report.StartOfDay(since, zoneOr(o.Zone))
	}
	err = past.Each(ctx, since, time.Time{}, func(r *event.Record) error {
		tally.Event(r.Event)
		for _, run := range past.Archived() {
			tally.Run(run)
		}
		if events++; progress != nil && events%pastPage == 0 {
			progress(events, r.Event.Received)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := eachFollowUp(ctx, d.Store, since, o.Until, tally); err != nil {
		return nil, err
	}
	return tally.Report(), nil
}

func zoneOr(zone *time.Location) *time.Location {
	if zone == nil {
		return time.UTC
	}
	return zone
}

// eachFollowUp counts the stored runs.
func eachFollowUp(ctx context.Context, s store.Store, since, until time.Time, tally *report.Tally) error {
	live := false
	f := event.RunFilter{Since: since, Until: until, Shadow: &live, OldestFirst: true, Limit: pastPage}
	for {
		// Sealed parts of a run do not matter here.
		runs, err := vault.AsStored(s).Runs(ctx, f)
		if err != nil {
			return fmt.Errorf("read runs: %w", err)
		}
		for _, run := range runs {
			tally.Run(run)
			f.After = run.ID
		}
		if len(runs) < pastPage {
			return nil
		}
	}
}
