package rehearse

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/engine/past"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/revisions"
	"github.com/gavel-rules/gavel/schedule"
	"github.com/gavel-rules/gavel/store/memory"
)

// StageOptions configure a Stage. Set is required.
type StageOptions struct {
	Set *rules.Set
	// Now is the time at the start.
	Now time.Time
	// Rehearsal replaces the destinations.
	Rehearsal engine.Rehearsal
	// Observer is told what happens; may be nil.
	Observer engine.Observer
	// Changed is called for waits that an event moves or drops; may be nil.
	Changed func(run *event.Run, a event.Attempt)
	// Past has the events that runs of schedules report on; nil means those taken.
	Past past.Source
	// Forget drops what has ended, to save memory.
	Forget bool
}

// Stage is an engine with a simulated clock. It is not safe for concurrent use.
type Stage struct {
	set    *rules.Set
	now    time.Time
	store  *memory.Store
	engine *engine.Engine
	listed bool // whether the keys that rules list are known
	marks  map[string]string
	teller *schedule.Teller
}

// NewStage returns a new Stage.
func NewStage(o StageOptions) *Stage {
	s := &Stage{set: o.Set, now: o.Now, store: memory.New(memory.Options{Forget: o.Forget, Changed: o.Changed}), marks: map[string]string{}}
	current := func() *rules.Set { return s.set }
	s.engine = engine.New(engine.Options{
		Store: s.store, Owner: "rehearsal", Observer: o.Observer, Rehearsal: o.Rehearsal, Past: o.Past,
		Current:   current,
		Revisions: revisions.New(s.store, current, func([]byte) (*rules.Set, error) { return s.set, nil }),
		Now:       func() time.Time { return s.now },
	})
	s.teller = schedule.New(schedule.Options{Store: stageMarks{s}, Current: current, Tell: s.engine.Tell, Now: func() time.Time { return s.now }})
	return s
}

// stageMarks say how far schedules were told.
type stageMarks struct{ *Stage }

// Mark implements schedule.Store.
func (s stageMarks) Mark(_ context.Context, name string) (string, error) { return s.marks[name], nil }

// SetMark implements schedule.Store.
func (s stageMarks) SetMark(_ context.Context, name, value string) error {
	s.marks[name] = value
	return nil
}

// Event implements schedule.Store.
func (s stageMarks) Event(ctx context.Context, ref string) (*event.Record, error) {
	return s.store.Event(ctx, ref)
}

// Now returns the simulated time.
func (s *Stage) Now() time.Time { return s.now }

// Runs returns all runs so far, in the order of their events; with
// StageOptions.Forget only those that have not ended.
func (s *Stage) Runs() []*event.Run { return s.store.All() }

// Advance moves the clock forward to a time and carries out everything that is
// due until then, by schedules too. The clock never goes back.
func (s *Stage) Advance(ctx context.Context, to time.Time) error {
	if s.now.IsZero() {
		s.now = to
	}
	if err := s.list(ctx); err != nil {
		return err
	}
	for {
		next, err := s.teller.Tick(ctx)
		if err != nil {
			return err
		}
		if _, err := s.engine.CarryOutDue(ctx); err != nil {
			return err
		}
		due, err := s.store.NextDue(ctx)
		if err != nil {
			return fmt.Errorf("look for the next run: %w", err)
		}
		if due.IsZero() || !next.IsZero() && next.Before(due) {
			due = next
		}
		if due.IsZero() || due.After(to) {
			break
		}
		s.now = later(s.now, due)
	}
	s.now = later(s.now, to)
	return nil
}

// list begins the time of the keys that rules list, at the start.
func (s *Stage) list(ctx context.Context) error {
	if s.listed {
		return nil
	}
	s.listed = true
	for _, r := range s.set.Listing() {
		for _, t := range r.Keys(s.now) {
			if _, err := s.engine.Tell(ctx, t); err != nil {
				return fmt.Errorf("tell %s: %w", t.ID, err)
			}
		}
	}
	return nil
}

// Take advances the clock to when the event was received, takes the event and
// carries out what it starts.
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

// match matches an event at the time when it was received.
func (s *Stage) match(ctx context.Context, ev *event.Event) ([]rules.Verdict, error) {
	if s.set.Memory == nil {
		return s.set.Match(ev), nil
	}
	if err := s.Advance(ctx, ev.Received); err != nil {
		return nil, err
	}
	return s.engine.Match(ctx, s.set, ev)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
