package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/rehearse/upcoming"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/store"
)

// scheduledScan bounds how many runs one list reads to find those that fit.
const scheduledScan = 1000

// Scheduled returns the runs that wait or are due, the next one first, each with
// what it would send now.
func (d *Desk) Scheduled(ctx context.Context, q api.ScheduledQuery) (*api.ScheduledPage, error) {
	pauses, err := d.Store.Pauses(ctx)
	if err != nil {
		return nil, err
	}
	a := d.ahead(pauses)
	f := event.RunFilter{
		Rule: q.Rule, Sort: event.SortDue, DueBefore: q.DueBefore, Behind: q.Behind, Limit: q.Limit + 1, Results: true,
	}
	if q.Rule == "" {
		f.Held = q.Held // the runs of one rule are filtered below, so that the scan is bounded
	}
	out := &api.ScheduledPage{Items: []api.Scheduled{}}
	for scanned := 0; scanned < scheduledScan; scanned += f.Limit {
		runs, err := d.shown().Runs(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, run := range runs {
			if q.Held != "" && run.PausedBy != q.Held {
				continue
			}
			if q.Connection != "" {
				if may, err := a.mayUse(ctx, run, q.Connection); err != nil {
					return nil, err
				} else if !may {
					continue
				}
			}
			one, err := a.look(ctx, run)
			if err != nil {
				return nil, err
			}
			if q.Connection != "" && !slices.ContainsFunc(one.Messages, func(m upcoming.Message) bool { return m.Connection == q.Connection }) {
				continue
			}
			if len(out.Items) == q.Limit {
				return out, nil
			}
			out.Items = append(out.Items, one)
			out.Next = &event.RunPlace{Due: run.Due, ID: run.ID}
		}
		if len(runs) < f.Limit {
			out.Next = nil
			return out, nil
		}
		last := runs[len(runs)-1]
		out.Next = &event.RunPlace{Due: last.Due, ID: last.ID}
		f.Behind = out.Next
	}
	return out, nil
}

// Upcoming returns what a run that has not ended would send now.
func (d *Desk) Upcoming(ctx context.Context, id string) (*api.Scheduled, error) {
	run, err := d.shown().Run(ctx, id)
	if err != nil {
		return nil, err
	}
	pauses, err := d.Store.Pauses(ctx)
	if err != nil {
		return nil, err
	}
	a := d.ahead(pauses)
	one, err := a.look(ctx, run)
	return &one, err
}

// ahead looks ahead, run by run in the order of their due times.
type ahead struct {
	desk   *Desk
	now    time.Time
	pauses []event.Pause
	turn   map[string]time.Time // when a connection with a limited rate is free
	sets   map[string]revision  // by their ids
}

type revision struct {
	set *rules.Set
	err error
}

func (d *Desk) ahead(pauses []event.Pause) *ahead {
	return &ahead{desk: d, now: d.now(), pauses: pauses, turn: map[string]time.Time{}, sets: map[string]revision{}}
}

// mayUse reports whether the rule of a run has an action over a connection:
// rendering a thousand runs of other rules would take seconds. What cannot be
// read has no messages to show.
func (a *ahead) mayUse(ctx context.Context, run *event.Run, connection string) (bool, error) {
	set, err := a.revision(ctx, run.Revision)
	if errors.Is(err, event.ErrUnavailable) || ctx.Err() != nil {
		return false, err
	}
	if err != nil {
		return false, nil
	}
	rule := set.Rule(run.Rule)
	return rule != nil && slices.ContainsFunc(rule.Actions, func(s *rules.Step) bool { return s.Connection == connection }), nil
}

// revision returns the rules of a run. Those that do not compile are tried once.
func (a *ahead) revision(ctx context.Context, revision string) (*rules.Set, error) {
	known, ok := a.sets[revision]
	if !ok {
		known.set, known.err = a.desk.revision(ctx, revision)
		a.sets[revision] = known
	}
	return known.set, known.err
}

func (a *ahead) look(ctx context.Context, run *event.Run) (api.Scheduled, error) {
	one := api.Scheduled{ListedRun: api.ListedRun{Run: run}, Expected: run.Due, Messages: []upcoming.Message{}}
	from := shownSource{a.desk.shown(), a.desk.Store, a.desk.Private}
	record, err := from.Event(ctx, run.EventRef())
	if err == nil {
		one.About = api.AboutOf(record.Event)
	}
	var set *rules.Set
	if err == nil {
		if set, err = a.revision(ctx, run.Revision); err == nil {
			one.Messages, err = upcoming.Of(ctx, from, set, run)
		}
	}
	run.Results = nil
	switch {
	case errors.Is(err, event.ErrUnavailable), ctx.Err() != nil:
		return one, err
	case err != nil:
		// One run that cannot be read must not hide the others.
		one.Problem, one.Messages = "what it would send cannot be told: "+err.Error(), []upcoming.Message{}
	}
	if one.Expected.Before(a.now) {
		one.Expected = a.now
	}
	a.hold(&one)
	if set != nil {
		a.queue(&one, set)
	}
	return one, nil
}

// hold finds the pause that keeps a run the longest, or else one that keeps a
// later action of it.
func (a *ahead) hold(one *api.Scheduled) {
	var later *event.Pause
	for i := range a.pauses {
		p := &a.pauses[i]
		if !p.Until.IsZero() && !p.Until.After(one.Expected) {
			continue
		}
		first, behind := holding(p, one)
		switch {
		case behind && later == nil:
			later = p
		case !first:
		case p.Until.IsZero():
			one.Pause, one.Expected = p, time.Time{}
			return
		default:
			one.Pause, one.Expected = p, p.Until
		}
	}
	if one.Pause == nil && later != nil {
		one.Pause, one.PauseLater = later, true
	}
}

// holding reports whether a pause holds the next action of a run, or only one
// behind it.
func holding(p *event.Pause, one *api.Scheduled) (first, behind bool) {
	connection := p.Key.Connection()
	if p.Key == event.PauseAll || p.Key == event.PauseRule(one.Rule) || one.PausedBy == p.Key {
		return true, false
	}
	if connection == "" || one.Shadow {
		return false, false
	}
	at := slices.IndexFunc(one.Messages, func(m upcoming.Message) bool { return m.Connection == connection })
	return at == 0, at > 0
}

// queue moves the expected time to the turn at a connection with a limited rate.
func (a *ahead) queue(one *api.Scheduled, set *rules.Set) {
	for _, m := range one.Messages {
		c := set.Connections[m.Connection]
		if c == nil || c.Limits.Rate <= 0 || len(m.Effect) == 0 || one.Expected.IsZero() || one.Shadow {
			continue
		}
		if free := a.turn[m.Connection]; free.After(one.Expected) {
			one.Expected = free
		}
		a.turn[m.Connection] = one.Expected.Add(time.Duration(float64(time.Second) / c.Limits.Rate))
	}
}

// shownSource is a store without private values.
type shownSource struct {
	*privacy.Shown
	store   store.Store
	private privacy.Fields
}

// Gathered implements upcoming.Source.
func (s shownSource) Gathered(ctx context.Context, runID string) (*event.Gathering, error) {
	g, err := s.store.Gathered(ctx, runID)
	if err != nil {
		return nil, err
	}
	return s.private.Gathering(g)
}

// Memories implements upcoming.Source.
func (s shownSource) Memories(ctx context.Context, keys []event.MemoryKey) ([]event.Remembered, error) {
	list, err := s.store.Memories(ctx, keys)
	return s.private.Remembered(list), err
}

// PreviousEvent implements upcoming.Source.
func (s shownSource) PreviousEvent(ctx context.Context, ref string, before time.Time) (*event.Record, error) {
	r, err := s.store.PreviousEvent(ctx, ref, before)
	if err != nil {
		return nil, err
	}
	return s.Record(r)
}

// farthest is how far ahead a run can be postponed.
const farthest = 366 * 24 * time.Hour

// Postpone lets a run that waits or is due go on at another time. It still
// follows its meeting: when that is moved, so is the run.
func (d *Desk) Postpone(ctx context.Context, id string, until time.Time, by string) error {
	now := d.now()
	if !until.After(now) || until.After(now.Add(farthest)) {
		return fmt.Errorf("%w time %s: it must be in the future, and at most a year ahead", event.ErrInvalid, event.TimeText(until))
	}
	run, err := d.Store.Run(ctx, id)
	if err != nil {
		return err
	}
	next := run.Next
	if run.Status == event.StatusWaiting {
		next++ // the wait would compute its time again
	}
	reason := "moved manually from " + event.TimeText(run.Due) + " to " + event.TimeText(until) + " " + by
	return d.wake(d.Store.MoveRevision(ctx, id, run.Revision, next, until, reason, now))
}
