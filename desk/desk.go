package desk

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/rehearse"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/revisions"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/ruleset"
	"github.com/gavel-rules/gavel/store"
)

// Desk answers an operator's questions from a store. The command line uses it
// on a database, the API of a server on the server's own.
type Desk struct {
	Store store.Store
	// Rules configure the compiling of stored rules.
	Rules ruleset.Options
	// Current returns the rules in force; nil when they have to be compiled
	// from the store.
	Current func() *rules.Set
	// Revisions cache compiled rules; nil compiles them for each question.
	Revisions *revisions.Cache
	// Archive is the folder of events that have left the database; empty when
	// there is none.
	Archive string
	// Private are the event fields to hide.
	Private privacy.Fields
	// Engine carries out the runs of Store in this process; nil when it does not.
	Engine Engine
	// Now is the time to use; nil means the clock of the machine.
	Now func() time.Time

	mu   sync.Mutex
	last *compiled // rules of the last question

	backtesting sync.Mutex // one back-test at a time
}

// shown is the store with private fields hidden.
func (d *Desk) shown() *privacy.Shown { return privacy.Show(d.Store, d.Private) }

// Events lists events, newest first.
func (d *Desk) Events(ctx context.Context, f event.EventFilter) ([]api.Event, error) {
	records, err := d.shown().Events(ctx, f)
	if err != nil {
		return nil, err
	}
	return api.EventsOf(records), nil
}

// Event returns one event with its body and the runs it started.
func (d *Desk) Event(ctx context.Context, id string) (*api.EventDetail, error) {
	record, err := d.shown().Event(ctx, id)
	if err != nil {
		return nil, err
	}
	runs, err := d.shown().Runs(ctx, event.RunFilter{EventID: record.Event.Ref(), Limit: api.MaxEventRuns})
	if err != nil {
		return nil, err
	}
	return api.EventDetailOf(record, runs), nil
}

// Holdings returns how many events are stored, and from when to when.
func (d *Desk) Holdings(ctx context.Context) (api.Holdings, error) {
	var h api.Holdings
	counts, err := d.Store.Counts(ctx)
	if err != nil {
		return h, err
	}
	h.Events = counts.Events
	if h.First, err = d.endOfEvents(ctx, true); err != nil {
		return h, err
	}
	h.Last, err = d.endOfEvents(ctx, false)
	return h, err
}

// endOfEvents returns when the oldest or the newest event was received; the
// zero time when there is none.
func (d *Desk) endOfEvents(ctx context.Context, oldest bool) (time.Time, error) {
	found, err := d.Store.Events(ctx, event.EventFilter{OldestFirst: oldest, Limit: 1})
	if err != nil || len(found) == 0 {
		return time.Time{}, err
	}
	return found[0].Event.Received, nil
}

// Runs lists runs, newest first.
func (d *Desk) Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error) {
	return d.shown().Runs(ctx, f)
}

// Run returns one run with its history.
func (d *Desk) Run(ctx context.Context, id string) (*api.RunDetail, error) {
	run, err := d.shown().Run(ctx, id)
	if err != nil {
		return nil, err
	}
	attempts, err := d.shown().Attempts(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("history of run %q: %w", id, err)
	}
	return api.RunDetailOf(run, attempts), nil
}

// Compare shows how a shadow rule differs from the rule that it is to replace.
func (d *Desk) Compare(ctx context.Context, q api.CompareQuery) (*api.Comparison, error) {
	return rehearse.Compare(ctx, rehearse.CompareOptions{
		Source: d.shown(), Shadow: q.Shadow, Live: q.Live, Since: q.Since, Samples: q.Samples,
	})
}

// InForce returns the rules that were in force last on this database, without
// their activity; an event.ErrNotFound if there were none.
func (d *Desk) InForce(ctx context.Context) (*api.RuleList, error) {
	newest, err := d.Store.NewestRevision(ctx)
	if err != nil {
		return nil, err
	}
	sources, err := text.DecodeSources(newest.Sources)
	if err != nil {
		return nil, fmt.Errorf("rules of revision %s: %w", newest.Revision, err)
	}
	list := &api.RuleList{Revision: newest.Revision, InForce: true, Loaded: newest.Saved}
	list.List(rules.Outlines(sources))
	return list, nil
}

// Activity returns by rule what ran.
func (d *Desk) Activity(ctx context.Context) ([]event.RuleActivity, error) {
	return d.Store.Activity(ctx)
}

// Erase erases a person from the database and the archive; see EraseAll.
func (d *Desk) Erase(ctx context.Context, r api.EraseRequest) (*api.Erasure, error) {
	found, err := EraseAll(ctx, d.Store, d.Archive, r.Email, time.Now(), !r.Confirm)
	if err != nil {
		return nil, err
	}
	return &found, d.wake(nil)
}
