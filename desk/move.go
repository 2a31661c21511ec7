package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/engine/plan"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/revisions"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/ruleset"
	"github.com/gavel-rules/gavel/store"
)

// movePage is how many waiting runs are read at a time.
const movePage = 200

// Mover moves waiting runs of a rule to the rules of today.
type Mover struct {
	store store.Store
	to    *rules.Set
	was   *revisions.Cache
}

// NewMover loads the rules to move to.
func NewMover(store store.Store, o ruleset.Options) (*Mover, text.Findings) {
	o.KeepConnections()
	set, findings := ruleset.Load(o)
	if findings.HasErrors() {
		return nil, findings
	}
	return NewMoverTo(store, set, revisions.New(store, func() *rules.Set { return set }, o.Compile)), nil
}

// NewMoverTo moves to loaded rules; was finds the rules that the runs started
// with.
func NewMoverTo(store store.Store, to *rules.Set, was *revisions.Cache) *Mover {
	return &Mover{store: store, to: to, was: was}
}

// Revision returns the revision of the rules to move to.
func (m *Mover) Revision() string { return m.to.Revision }

// Plan calls each for every waiting run of the rule that has another revision,
// newest first, with what moving it would do.
func (m *Mover) Plan(ctx context.Context, rule string, each func(plan.Move) error) error {
	f := event.RunFilter{Rule: rule, Statuses: []event.Status{event.StatusWaiting}, Limit: movePage, Results: true}
	for {
		runs, err := m.store.Runs(ctx, f)
		if err != nil {
			return err
		}
		for _, run := range runs {
			if run.Revision == m.to.Revision {
				continue
			}
			planned, err := m.plan(ctx, run)
			if err != nil {
				return err
			}
			if err := each(planned); err != nil {
				return err
			}
		}
		if len(runs) < movePage {
			return nil
		}
		f.Before = runs[len(runs)-1].ID
	}
}

func (m *Mover) plan(ctx context.Context, run *event.Run) (plan.Move, error) {
	was, err := m.was.Set(ctx, run.Revision)
	if err != nil {
		return plan.Move{}, err
	}
	record, err := m.store.Event(ctx, run.EventRef())
	if err != nil {
		return plan.Move{}, fmt.Errorf("event %q: %w", run.EventID, err)
	}
	var newest *event.Meeting
	if run.Follow && run.MeetingID != "" {
		state, err := m.store.Meeting(ctx, run.MeetingRef())
		if err != nil {
			return plan.Move{}, fmt.Errorf("meeting %q: %w", run.MeetingID, err)
		}
		newest = state.Newest.Event.Meeting
	}
	return plan.NewMove(was, m.to, run, record.Event, newest, time.Now()), nil
}

// Move carries out a planned move. A run that has changed in the meantime is
// left as it is: the error then wraps event.ErrConflict.
func (m *Mover) Move(ctx context.Context, p plan.Move) error {
	if p.Problem != "" {
		return errors.New(p.Problem)
	}
	now := time.Now()
	if err := m.store.SaveRevision(ctx, m.to.Revision, text.EncodeSources(m.to.Sources), now); err != nil {
		return err
	}
	return m.store.MoveRevision(ctx, p.Run.ID, m.to.Revision, p.Next, p.Due, p.Reason, now)
}

// Move moves the waiting runs of a rule to the rules in force.
func (d *Desk) Move(ctx context.Context, r api.MoveRequest) (*api.Moves, error) {
	moves, err := NewMoverTo(d.Store, d.Current(), d.revisions()).MoveAll(ctx, r)
	return moves, d.wake(err)
}

// MoveAll moves the waiting runs of a rule to the rules of m. Without confirm
// it only returns what would change.
func (m *Mover) MoveAll(ctx context.Context, r api.MoveRequest) (*api.Moves, error) {
	out := &api.Moves{Rule: r.Rule, Revision: m.Revision(), Runs: []api.Move{}}
	err := m.Plan(ctx, r.Rule, func(p plan.Move) error {
		if len(out.Runs) < api.MovesShown {
			out.Runs = append(out.Runs, api.Move{RunID: p.Run.ID, MeetingID: p.Run.MeetingID, Due: p.Run.Due, Then: p.Due, Problem: p.Problem})
		}
		if p.Problem != "" {
			out.Stuck++
			return nil
		}
		out.Movable++
		if !r.Confirm {
			return nil
		}
		switch err := m.Move(ctx, p); {
		case errors.Is(err, event.ErrConflict):
			out.Gone++
		case err != nil:
			return fmt.Errorf("run %q: %w", p.Run.ID, err)
		default:
			out.Moved++
		}
		return nil
	})
	if err == nil && out.Movable+out.Stuck == 0 {
		err = known(m.to, r.Rule)
	}
	return out, err
}
