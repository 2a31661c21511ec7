// Package apply applies a rule to meetings that were booked before it and are
// still to come, as if it had been there. It looks at the stored events page by
// page, oldest first; the newest event of a meeting stands for the meeting.
//
// The transaction that stores a run checks whether the meeting has one already,
// so that it can be stopped anywhere and repeated. Runs are stored a few at a
// time, which then share a commit, so that events received meanwhile do not wait.
package apply

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/engine/plan"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
)

// Store is what is read and written.
type Store interface {
	Reader
	Replay(ctx context.Context, r event.Replay) (event.ReplayReceipt, error)
}

// Reader is what is read.
type Reader interface {
	Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error)
	Meeting(ctx context.Context, ref string) (*event.MeetingState, error)
	Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error)
	Memories(ctx context.Context, keys []event.MemoryKey) ([]event.Remembered, error)
}

const (
	// page is how many events are read at a time.
	page = 200
	// scanned and added bound what one request does.
	scanned, added = 2000, 200
	// atOnce is how many runs are stored at the same time.
	atOnce = 16
	// ofMeeting is how many events and runs of one meeting are read.
	ofMeeting = 100
)

// Options say what is applied.
type Options struct {
	Set  *rules.Set
	Rule *rules.Rule
	// Confirm stores the runs; otherwise they are only planned.
	Confirm bool
	Cursor  string
	Now     time.Time
	// Reason is the first line of each run's history.
	Reason string
}

// Unfit returns why a rule cannot be applied; nil if it can.
func Unfit(rule *rules.Rule) error {
	why := ""
	switch {
	case rule.Disabled:
		why = "it is disabled; remove enabled: false to apply it"
	case rule.Threshold != nil:
		why = "it has a threshold, which counts events as they are received; a rule with a threshold cannot be applied"
	case rule.Throttle != nil:
		why = "it has a throttle, which would hold all runs back but one; a rule with a throttle cannot be applied"
	case rule.Digest != nil:
		why = "it has a digest, which collects events as they are received; a rule with a digest cannot be applied"
	case rule.Schedule != nil:
		why = "it has a schedule, so its runs have no meeting; a rule with a schedule cannot be applied"
	case rule.Absence != nil:
		why = "it has an absence, which looks at events as they are received; a rule with an absence cannot be applied"
	default:
		return nil
	}
	return fmt.Errorf("%w rule %q: %s", event.ErrInvalid, rule.Name, why)
}

// work is one request.
type work struct {
	Options
	store   Reader
	into    Store // nil if nothing is to be stored
	out     *api.Application
	planned []planned
	lost    error // of the store, while a condition was evaluated
}

// planned is a run that is to be stored.
type planned struct {
	plan.Applied
	event string // its ref
	shown api.AppliedRun
}

// Run applies a rule to the meetings of the next events.
func Run(ctx context.Context, store Store, o Options) (*api.Application, error) {
	place, err := parseCursor(o.Cursor)
	if err != nil {
		return nil, err
	}
	w := &work{Options: o, store: store, into: store, out: &api.Application{
		Rule: o.Rule.Name, Revision: o.Set.Revision, Applied: o.Confirm, Shadow: o.Rule.Shadow, Runs: []api.AppliedRun{},
	}}
	for w.out.Events < scanned && w.out.Added < added {
		f := event.EventFilter{Behind: &place, Limit: page, Bytes: event.PageBytes}
		list, err := store.Events(ctx, f)
		if err != nil {
			return nil, err
		}
		seen := 0
		for ; seen < len(list) && w.out.Added+len(w.planned) < added; seen++ {
			if err := w.event(ctx, list[seen]); err != nil {
				return nil, fmt.Errorf("event %q: %w", list[seen].Event.ID, err)
			}
			place = list[seen].Place()
			w.out.Through = place.Received
		}
		w.out.Events += seen
		if err := w.flush(ctx); err != nil {
			return nil, err
		}
		if seen == len(list) && f.Ended(list) {
			return w.out, nil
		}
	}
	w.out.Next = cursor(place)
	return w.out, nil
}

// event applies the rule to the meeting of an event, if that is still to come
// and the event is its newest.
func (w *work) event(ctx context.Context, rec *event.Record) error {
	if is, err := newest(ctx, w.store, rec, w.Now); err != nil || !is {
		return err
	}
	return w.meeting(ctx, rec.Event)
}

// newest reports whether an event is the newest one of a meeting that is still to
// come.
func newest(ctx context.Context, store Reader, rec *event.Record, now time.Time) (bool, error) {
	if rec.Damage != "" || !Upcoming(rec.Event, now) {
		return false, nil
	}
	state, err := store.Meeting(ctx, rec.Event.MeetingRef())
	if errors.Is(err, event.ErrNotFound) {
		return false, nil // deleted meanwhile
	}
	// Otherwise the newest one comes later in the list, or was there already.
	return err == nil && state.Newest.Seq == rec.Seq, err
}

// meeting applies the rule to a meeting, of which ev is the newest event.
func (w *work) meeting(ctx context.Context, ev *event.Event) error {
	listens, err := w.listens(ctx, ev)
	if err != nil {
		return err
	}
	if !listens {
		w.out.Unmatched++
		return nil
	}
	runs, err := w.store.Runs(ctx, event.RunFilter{MeetingID: ev.MeetingRef(), Rule: w.Rule.Name, Shadow: &w.Rule.Shadow, Limit: ofMeeting})
	if err != nil {
		return err
	}
	for _, run := range runs {
		if run.HasHad() {
			w.out.Had++
			return nil
		}
	}
	return w.meet(ctx, ev)
}

// Upcoming reports whether an event is about a meeting that is still to come.
func Upcoming(ev *event.Event, now time.Time) bool {
	return ev.HasMeeting() && ev.Type != event.TypeCanceled && !ev.Meeting.IsCanceled && ev.Meeting.Start.After(now)
}

// listens reports whether the rule listens to an event of the meeting other than
// its cancellation.
func (w *work) listens(ctx context.Context, newest *event.Event) (bool, error) {
	if w.Rule.MatchesType(newest.Type) {
		return true, nil
	}
	f := event.EventFilter{MeetingID: newest.MeetingRef(), Limit: ofMeeting, Bytes: event.PageBytes, Raw: true}
	for {
		list, err := w.store.Events(ctx, f)
		for _, rec := range list {
			if rec.Event.Type != event.TypeCanceled && w.Rule.MatchesType(rec.Event.Type) {
				return true, nil
			}
			f.Before = rec.Seq
		}
		if f.Limit -= len(list); err != nil || f.Limit <= 0 || !event.Continues(list) {
			return false, err
		}
	}
}

// meet plans the run of a meeting.
func (w *work) meet(ctx context.Context, newest *event.Event) error {
	// The stored one may be in use elsewhere.
	ev, err := decode.Event(newest.Body)
	if err != nil {
		return err
	}
	ev.Timestamp = newest.Timestamp
	ev.Arrive(w.Now)
	found, err := plan.Apply(w.Set, w.Rule, ev, w.Now, w.recollect(ctx))
	switch {
	case cmp.Or(ctx.Err(), w.lost) != nil:
		return cmp.Or(ctx.Err(), w.lost)
	case err != nil:
		w.out.Unclear++
		w.out.UnclearEvent = ev.ID
	case found.Outcome == plan.ApplyUnmatched:
		w.out.Unmatched++
	default:
		w.planned = append(w.planned, planned{found, ev.Ref(), api.AppliedRun{MeetingID: ev.Meeting.ID, EventID: ev.ID, Start: ev.Meeting.Start, Due: found.Until}})
	}
	return nil
}

// flush stores the planned runs if that is confirmed, and counts them.
func (w *work) flush(ctx context.Context) error {
	defer func() { w.planned = nil }()
	for some := range slices.Chunk(w.planned, atOnce) {
		receipts, errs := make([]event.ReplayReceipt, len(some)), make([]error, len(some))
		if w.Confirm {
			var all sync.WaitGroup
			for i := range some {
				all.Go(func() { receipts[i], errs[i] = w.start(ctx, &some[i]) })
			}
			all.Wait()
		}
		if err := errors.Join(errs...); err != nil {
			return err
		}
		for i := range some {
			switch {
			case receipts[i].Late:
				w.out.Changed++
			case w.Confirm && receipts[i].Created == 0:
				w.out.Had++
			default:
				w.count(&some[i])
			}
		}
	}
	return nil
}

func (w *work) start(ctx context.Context, p *planned) (event.ReplayReceipt, error) {
	p.shown.RunID = p.Run.ID
	receipt, err := w.into.Replay(ctx, event.Replay{
		EventID: p.event, Revision: w.Set.Revision, Runs: []event.ReplayedRun{{PlannedRun: p.Run}}, Reason: w.Reason, Now: w.Now, Once: true,
	})
	if errors.Is(err, event.ErrNotFound) {
		return event.ReplayReceipt{Late: true}, nil // deleted meanwhile
	}
	return receipt, err
}

func (w *work) count(p *planned) {
	run := p.shown
	w.out.Added++
	run.Then = api.AppliedStarts
	switch p.Outcome {
	case plan.ApplyLater:
		run.Then = api.AppliedWaits
	case plan.ApplyPast:
		w.out.Late++
	case plan.ApplySkip:
		run.Then = api.AppliedSkips
		w.out.Skipped++
	default:
		w.out.AtOnce++
	}
	if len(w.out.Runs) < api.AppliedShown {
		w.out.Runs = append(w.out.Runs, run)
	}
}

// recollect reads what is remembered for the event of a scope.
func (w *work) recollect(ctx context.Context) func(*language.Scope) (map[string]any, error) {
	return func(scope *language.Scope) (map[string]any, error) {
		keys, err := w.Set.Memory.Keys(scope)
		if err != nil {
			return nil, err
		}
		list, err := w.store.Memories(ctx, keys.List())
		if err != nil {
			w.lost = err
			return nil, err
		}
		return w.Set.Memory.Values(keys, list, w.Now)
	}
}
