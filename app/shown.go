package app

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// Shown is the store as people get to see it: without the private fields of
// events, and without their values in what runs have sent and got. It is not
// for carrying out rules.
func Shown(s Store, private event.Private) Store {
	if len(private) == 0 {
		return s
	}
	return shownStore{s, private}
}

type shownStore struct {
	Store
	private event.Private
}

// shortestShown is the length below which a private value is too common to be
// looked for in other text.
const shortestShown = 3

func (s shownStore) record(r *event.Record, err error) (*event.Record, error) {
	if err != nil {
		return nil, err
	}
	shown := *r
	if r.Damage != "" {
		// What is private in it cannot be told from what is not.
		ev := r.Event
		shown.Event = &event.Event{
			Envelope: ev.Envelope, Meeting: &event.Meeting{ID: ev.Meeting.ID}, Change: &event.Change{}, Test: &event.Test{},
			Received: ev.Received, Body: []byte(`"` + event.Redacted + `"`),
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

// redactor knows the private values of an event. It is nil, and hides all, when
// nobody knows them because the event is damaged.
func (s shownStore) redactor(ctx context.Context, eventID string) (*rules.Redactor, error) {
	r, err := s.Store.Event(ctx, eventID)
	if errors.Is(err, event.ErrNotFound) {
		return rules.NewRedactor(nil), nil // removed with old data
	}
	if err != nil {
		return nil, err
	}
	if r.Damage != "" {
		return nil, nil
	}
	_, values, err := s.private.Hide(r.Event.Body)
	return rules.NewRedactorFrom(values, shortestShown), err
}

// Runs implements Store.
func (s shownStore) Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error) {
	list, err := s.Store.Runs(ctx, f)
	if err != nil {
		return nil, err
	}
	known := map[string]*rules.Redactor{}
	for i, run := range list {
		if _, looked := known[run.EventID]; !looked {
			if known[run.EventID], err = s.redactor(ctx, run.EventID); err != nil {
				return nil, err
			}
		}
		list[i] = shownRun(run, known[run.EventID])
	}
	return list, nil
}

// Run implements Store.
func (s shownStore) Run(ctx context.Context, id string) (*event.Run, error) {
	run, err := s.Store.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	r, err := s.redactor(ctx, run.EventID)
	if err != nil {
		return nil, err
	}
	return shownRun(run, r), nil
}

func shownRun(run *event.Run, r *rules.Redactor) *event.Run {
	shown := *run
	if r == nil {
		shown.Results = nil
		if run.Reason != "" {
			shown.Reason = event.Redacted
		}
		return &shown
	}
	shown.Reason = r.Redact(run.Reason)
	shown.Results = make(map[string]json.RawMessage, len(run.Results))
	for action, raw := range run.Results {
		shown.Results[action] = redactJSON(r, raw)
	}
	return &shown
}

// redactJSON takes values out of JSON. Where that breaks it, as a value that
// is itself a piece of JSON can, nothing of it is shown.
func redactJSON(r *rules.Redactor, raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return raw
	}
	out := json.RawMessage(r.Redact(string(raw)))
	if !json.Valid(out) {
		return json.RawMessage(`"` + event.Redacted + `"`)
	}
	return out
}

// Attempts implements Store.
func (s shownStore) Attempts(ctx context.Context, runID string) ([]event.Attempt, error) {
	list, err := s.Store.Attempts(ctx, runID)
	if err != nil || len(list) == 0 {
		return list, err
	}
	run, err := s.Store.Run(ctx, runID)
	if err != nil {
		return nil, err
	}
	r, err := s.redactor(ctx, run.EventID)
	if err != nil {
		return nil, err
	}
	for i := range list {
		a := &list[i]
		if r == nil {
			a.Reason, a.Request, a.Response = event.Redacted, nil, nil
			continue
		}
		a.Reason, a.Request, a.Response = r.Redact(a.Reason), redactJSON(r, a.Request), redactJSON(r, a.Response)
	}
	return list, nil
}
