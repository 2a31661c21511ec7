package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/search"
	"github.com/gavel-rules/gavel/store/seal"
)

func (s sealedStore) openRecord(r *event.Record, err error) (*event.Record, error) {
	if err != nil || !seal.Sealed(r.Event.Body) {
		return r, err
	}
	body, err := s.ring.keys().Open(bodyPlace(r.Event.ID), r.Event.Body)
	switch {
	case errors.Is(err, seal.ErrNoKey):
		return nil, unreadable("event", r.Event.ID, err)
	case err != nil:
		r.Raw, r.Damage = false, unreadable("event", r.Event.ID, err).Error()
		return r, nil // its columns stay readable
	}
	if r.Raw {
		r.Event.Body = body
		return r, nil
	}
	ev, err := decode.Event(body)
	if err != nil {
		r.Event.Body, r.Damage = body, "the stored event cannot be read: "+err.Error()
		return r, nil
	}
	ev.Arrive(r.Event.Received)
	r.Event, r.Damage = ev, ""
	return r, nil
}

// unreadable says why a sealed value cannot be opened, and what to do.
func unreadable(what, id string, err error) error {
	if errors.Is(err, seal.ErrNoKey) {
		return fmt.Errorf("%s %q: %w; put the key back into the file of --encryption-key-file", what, id, err)
	}
	return fmt.Errorf("%s %q: %w", what, id, err)
}

// openRun decrypts a run; on an error it stays as it is.
func (s sealedStore) openRun(run *event.Run) error {
	results := maps.Clone(run.Results)
	for action, raw := range results {
		plain, err := s.openJSON(resultPlace(run.ID, action), raw)
		if err == nil && !json.Valid(plain) {
			err = errors.New("what was encrypted is damaged")
		}
		if err != nil {
			return unreadable("run", run.ID, err)
		}
		results[action] = plain
	}
	reason, err := s.openText(reasonPlace(run.ID), run.Reason)
	if err != nil {
		return unreadable("run", run.ID, err)
	}
	run.Results, run.Reason = results, reason
	return nil
}

// openRuns decrypts runs for display. If one cannot be opened, its reason says
// why; the others are still shown.
func (s sealedStore) openRuns(runs []*event.Run, err error) ([]*event.Run, error) {
	for _, run := range runs {
		if err := s.openRun(run); err != nil {
			run.Results, run.Reason = nil, err.Error()
		}
	}
	return runs, err
}

// Runs implements Store.
func (s sealedStore) Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error) {
	return s.openRuns(s.below.Runs(ctx, f))
}

// IssueRuns implements Store.
func (s sealedStore) IssueRuns(ctx context.Context, f event.IssueRuns) ([]*event.Run, error) {
	return s.openRuns(s.below.IssueRuns(ctx, f))
}

// Issues implements Store.
func (s sealedStore) Issues(ctx context.Context, f event.IssueFilter) ([]*event.Issue, error) {
	list, err := s.below.Issues(ctx, f)
	for _, i := range list {
		if i.Example != nil {
			_, _ = s.openRuns([]*event.Run{i.Example}, nil) // tells in the reason what it cannot open
		}
	}
	return list, err
}

// Run implements Store.
func (s sealedStore) Run(ctx context.Context, id string) (*event.Run, error) {
	run, err := s.below.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	_, err = s.openRuns([]*event.Run{run}, nil)
	return run, err
}

// Attempts implements Store.
func (s sealedStore) Attempts(ctx context.Context, runID string) ([]event.Attempt, error) {
	list, err := s.below.Attempts(ctx, runID)
	for i := range list {
		a := &list[i]
		var first, second, third error
		a.Request, first = s.openJSON(attemptPlace(runID, "request"), a.Request)
		a.Response, second = s.openJSON(attemptPlace(runID, "response"), a.Response)
		a.Reason, third = s.openText(attemptPlace(runID, "reason"), a.Reason)
		if err := firstOf(first, second, third); err != nil {
			a.Request, a.Response, a.Reason = nil, nil, unreadable("run", runID, err).Error()
		}
	}
	return list, err
}

// Memories implements Store. What cannot be opened says why in its Damage.
func (s sealedStore) Memories(ctx context.Context, keys []event.MemoryKey) ([]event.Remembered, error) {
	list, err := s.below.Memories(ctx, keys)
	for i := range list {
		r := &list[i]
		plain, err := s.openJSON(memoryPlace(r.Key, r.Name), r.Value)
		if err != nil {
			r.Damage = unreadable("memory", r.Name, err).Error()
		}
		r.Value = plain
	}
	return list, err
}

// Gathered implements Store. The store below cannot read sealed meetings.
func (s sealedStore) Gathered(ctx context.Context, runID string) (*event.Gathering, error) {
	g, err := s.below.Gathered(ctx, runID)
	if err != nil || s.ring == nil {
		return g, err
	}
	for i := range g.Events {
		key := g.Events[i].EventID
		switch record, err := s.Event(ctx, event.RefOf(key)); {
		case errors.Is(err, event.ErrNotFound):
			_, id := event.SplitKey(key)
			g.Events[i] = event.GatherGone(id, g.Events[i].Timestamp)
		case err != nil:
			return nil, err
		default:
			g.Events[i] = event.Gather(record.Event)
		}
	}
	return g, nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Event implements Store.
func (s sealedStore) Event(ctx context.Context, id string) (*event.Record, error) {
	return s.openRecord(s.below.Event(ctx, id))
}

// PreviousEvent implements Store.
func (s sealedStore) PreviousEvent(ctx context.Context, meetingID string, before time.Time) (*event.Record, error) {
	return s.openRecord(s.below.PreviousEvent(ctx, meetingID, before))
}

// Events implements Store.
func (s sealedStore) Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error) {
	return s.openRecords(s.below.Events(ctx, f))
}

// Prunable implements Store.
func (s sealedStore) Prunable(ctx context.Context, before time.Time, behind event.Place, limit int) ([]*event.Record, error) {
	return s.openRecords(s.below.Prunable(ctx, before, behind, limit))
}

// openRecords decrypts events for display. If one cannot be opened, its Damage
// says why; the others are still shown.
func (s sealedStore) openRecords(list []*event.Record, err error) ([]*event.Record, error) {
	for _, r := range list {
		if _, err := s.openRecord(r, nil); err != nil {
			r.Raw, r.Damage = false, err.Error()
		}
	}
	return list, err
}

// Facts implements Store. A block that cannot be opened has no Data, not even a
// reason: its events tell it.
func (s sealedStore) Facts(ctx context.Context, after int64, since time.Time, limit int) ([]event.Facts, error) {
	list, err := s.below.Facts(ctx, after, since, limit)
	for i := range list {
		f := &list[i]
		if !seal.Sealed(f.Data) {
			continue
		}
		plain, err := s.ring.keys().Open(factsPlace(f.Block), f.Data)
		if err != nil {
			plain = []byte{}
		}
		f.Data = plain
	}
	return list, err
}

// Index implements Store. Sealed events are not indexed.
func (s sealedStore) Index(ctx context.Context, limit int) (int, error) {
	if s.ring != nil {
		return 0, nil
	}
	return s.below.Index(ctx, limit)
}

// Search implements Store. Sealed events are not indexed, so it finds none.
func (s sealedStore) Search(ctx context.Context, what search.Query, after, before int64, limit int) ([]int64, int64, error) {
	if s.ring != nil {
		return nil, 0, nil
	}
	return s.below.Search(ctx, what, after, before, limit)
}

// Meeting implements Store.
func (s sealedStore) Meeting(ctx context.Context, meetingID string) (*event.MeetingState, error) {
	m, err := s.below.Meeting(ctx, meetingID)
	if err != nil {
		return nil, err
	}
	_, err = s.openRecord(m.Newest, nil)
	return m, err
}
