package desk

import (
	"cmp"
	"context"
	"time"

	"github.com/gavel-rules/gavel/archive"
	"github.com/gavel-rules/gavel/desk/past"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/report"
	"github.com/gavel-rules/gavel/report/facts"
)

// Report counts the database and the archive. progress is called from time to
// time and may be nil.
func (d *Desk) Report(ctx context.Context, o report.Options, progress func(events int, at time.Time)) (*report.Report, error) {
	stored, err := past.Open(d.Store, d.Archive, d.Private)
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
	archived, err := stored.ArchivedUntil()
	if err != nil {
		return nil, err
	}
	if since.Before(archived) {
		err = stored.Each(ctx, since, archived, func(r *event.Record) error {
			tally.Event(r.Event)
			for _, run := range stored.Archived() {
				tally.Run(run)
			}
			if events++; progress != nil && events%past.Page == 0 {
				progress(events, r.Event.Received)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		since = archived
	}
	if err := d.eachFact(ctx, since, tally.Fact, func(n int, at time.Time) {
		if progress != nil {
			progress(events+n, at)
		}
	}); err != nil {
		return nil, err
	}
	if again, err := stored.ArchivedUntil(); err != nil || !again.Equal(archived) {
		return nil, cmp.Or(err, archive.ErrGrew)
	}
	followed, err := d.Store.FollowUps(ctx, tally.Since(), o.Until)
	if err != nil {
		return nil, err
	}
	for _, f := range followed {
		tally.FollowUps(f.Rule, f.Status, f.Count)
	}
	return tally.Report(), nil
}

// eachFact calls do for what the database has, from since on by the time
// received, with private fields hidden.
func (d *Desk) eachFact(ctx context.Context, since time.Time, do func(*report.Fact), progress func(events int, at time.Time)) error {
	r := facts.Reading{Since: since, Progress: progress}
	if len(d.Private) > 0 {
		shown, err := d.withoutPrivate(report.Who{})
		if err != nil {
			return err
		}
		r.Undated = shown.Start.IsZero()
		r.Mask = func(w report.Who) (report.Who, error) {
			m, err := d.withoutPrivate(w)
			if err != nil {
				return w, err
			}
			return report.Who{Owner: m.Owner, CalendarPath: m.Info.CalendarPath, CalendarURL: m.Info.CalendarURL}, nil
		}
	}
	return r.Each(ctx, d.Store, do)
}

// withoutPrivate returns a meeting of an owner and a calendar without its private
// fields.
func (d *Desk) withoutPrivate(w report.Who) (*event.Meeting, error) {
	m := &event.Meeting{ID: "shown", Owner: w.Owner, Start: time.Unix(0, 0)}
	m.Info.CalendarPath, m.Info.CalendarURL = w.CalendarPath, w.CalendarURL
	return d.Private.Meeting(m)
}

func zoneOr(zone *time.Location) *time.Location {
	if zone == nil {
		return time.UTC
	}
	return zone
}
