package rehearse

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/revisions"
	"github.com/gavel-rules/gavel/store/memory"
)

// StageOptions say what is played. Set is required.
type StageOptions struct {
	Set *rules.Set
	// Now is the clock at the start.
	Now time.Time
	// Rehearsal says what stands in for the destinations.
	Rehearsal engine.Rehearsal
	// Observer is notified of what happens; may be nil.
	Observer engine.Observer
	// Changed is notified of waits that an event moves or drops; may be nil.
	Changed func(run *event.Run, a event.Attempt)
	// Forget lets go of what has ended, for long plays.
	Forget bool
}

// Stage is a world in which time passes only when it is told to. It is for one
// goroutine.
type Stage struct {
	set    *rules.Set
	now    time.Time
	store  *memory.Store
	engine *engine.Engine
}

// NewStage returns a Stage on which nothing has happened yet.
func NewStage(o StageOptions) *Stage {
	s := &Stage{set: o.Set, now: o.Now, store: memory.New(memory.Options{Forget: o.Forget, Changed: o.Changed})}
	current := func() *rules.Set { return s.set }
	s.engine = engine.New(engine.Options{
		Store: s.store, Owner: "rehearsal", Observer: o.Observer, Rehearsal: o.Rehearsal,
		Current:   current,
		Revisions: revisions.New(s.store, current, func([]byte) (*rules.Set, error) { return s.set, nil }),
		Now:       func() time.Time { return s.now },
	})
	return s
}

// Now is the clock.
func (s *Stage) Now() time.Time { return s.now }

// Runs returns all runs so far, in the order of their events; of a Stage that
// forgets, those that have not ended.
func (s *Stage) Runs() []*event.Run { return s.store.Runs() }

// Advance moves the clock to a moment and carries out everything that comes
// due on the way. The clock never goes back.
func (s *Stage) Advance(ctx context.Context, to time.Time) error {
	for {
		if _, err := s.engine.CarryOutDue(ctx); err != nil {
			return err
		}
		due, err := s.store.NextDue(ctx)
		if err != nil {
			return fmt.Errorf("look for the next run: %w", err)
		}
		if due.IsZero() || due.After(to) {
			break
		}
		s.now = later(s.now, due)
	}
	s.now = later(s.now, to)
	return nil
}

// Take lets an event come at the moment it says it was received, which must
// not lie before the clock, and carries out what it starts.
func (s *Stage) Take(ctx context.Context, ev *event.Event) (event.Receipt, error) {
	if err := s.Advance(ctx, ev.Received); err != nil {
		return event.Receipt{}, err
	}
	receipt, err := s.engine.Take(ctx, ev)
	if err != nil {
		return receipt, fmt.Errorf("take event %q: %w", ev.ID, err)
	}
	_, err = s.engine.CarryOutDue(ctx)
	return receipt, err
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
