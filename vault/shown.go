package vault

import (
	"context"
	"errors"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/store"
)

// Shown is the store as people get to see it: with the results that are shown
// and not those that later actions use, without the private fields of events,
// and without their values in what runs have sent and got. It is not for
// carrying out rules.
func Shown(s store.Store, private privacy.Fields) store.Store { return shownStore{s, private} }

type shownStore struct {
	store.Store
	private privacy.Fields
}

func (s shownStore) record(r *event.Record, err error) (*event.Record, error) {
	if err != nil || len(s.private) == 0 {
		return r, err
	}
	shown := *r
	if r.Damage != "" {
		// What is private in it cannot be told from what is not.
		ev := r.Event
		shown.Event = &event.Event{
			Envelope: ev.Envelope, Meeting: &event.Meeting{ID: ev.Meeting.ID}, Change: &event.Change{}, Test: &event.Test{},
			Received: ev.Received, Body: []byte(`"` + privacy.Redacted + `"`),
		}
		return &shown, nil
	}
	if shown.Event, err = s.private.Event(r.Event); err != nil {
		return nil, err
	}
	return &shown, nil
}

// Event implements Store.
func (s shownStore) Event(ctx context.Context, id string) (*event.Record, error) {
	return s.record(s.Store.Event(ctx, id))
}

// PreviousEvent implements Store.
func (s shownStore) PreviousEvent(ctx context.Context, meetingID string, before time.Time) (*event.Record, error) {
	return s.record(s.Store.PreviousEvent(ctx, meetingID, before))
}

// Events implements Store.
func (s shownStore) Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error) {
	list, err := s.Store.Events(ctx, f)
	for i := range list {
		if list[i], err = s.record(list[i], err); err != nil {
			return nil, err
		}
	}
	return list, err
}

// Meeting implements Store.
func (s shownStore) Meeting(ctx context.Context, meetingID string) (*event.MeetingState, error) {
	m, err := s.Store.Meeting(ctx, meetingID)
	if err != nil {
		return nil, err
	}
	shown := *m
	shown.Newest, err = s.record(m.Newest, nil)
	return &shown, err
}

// gate is for what runs of an event say.
func (s shownStore) gate(ctx context.Context, eventID string) (*privacy.Gate, error) {
	if len(s.private) == 0 {
		return nil, nil
	}
	r, err := s.Store.Event(ctx, eventID)
	if errors.Is(err, event.ErrNotFound) {
		return nil, nil // removed with old data
	}
	if err != nil {
		return nil, err
	}
	if r.Damage != "" {
		return privacy.HideAll(), nil // nobody knows what is private in it
	}
	return privacy.GateForEvent(s.private, r.Event), nil
}

// Runs implements Store.
func (s shownStore) Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error) {
	list, err := s.Store.Runs(ctx, f)
	if err != nil {
		return nil, err
	}
	known := map[string]*privacy.Gate{}
	for i, run := range list {
		gate, ok := known[run.EventKey()]
		if !ok {
			if gate, err = s.gate(ctx, run.EventRef()); err != nil {
				return nil, err
			}
			known[run.EventKey()] = gate
		}
		list[i] = shownRun(run, gate)
	}
	return list, nil
}

// Run implements Store.
func (s shownStore) Run(ctx context.Context, id string) (*event.Run, error) {
	run, err := s.Store.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	gate, err := s.gate(ctx, run.EventRef())
	if err != nil {
		return nil, err
	}
	return shownRun(run, gate), nil
}

func shownRun(run *event.Run, gate *privacy.Gate) *event.Run {
	shown := run.WithShownResults()
	if gate == nil {
		return shown
	}
	shown.Reason = gate.Text(run.Reason)
	for action, raw := range shown.Results {
		shown.Results[action] = gate.JSON(raw)
	}
	return shown
}

// Attempts implements Store.
func (s shownStore) Attempts(ctx context.Context, runID string) ([]event.Attempt, error) {
	list, err := s.Store.Attempts(ctx, runID)
	if err != nil || len(list) == 0 || len(s.private) == 0 {
		return list, err
	}
	run, err := s.Store.Run(ctx, runID)
	if err != nil {
		return nil, err
	}
	gate, err := s.gate(ctx, run.EventRef())
	if err != nil {
		return nil, err
	}
	for i := range list {
		a := &list[i]
		a.Reason, a.Request, a.Response = gate.Text(a.Reason), gate.JSON(a.Request), gate.JSON(a.Response)
	}
	return list, nil
}
