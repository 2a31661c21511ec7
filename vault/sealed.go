package vault

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/search"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/store/seal"
)

// sealedStore encrypts personal data on its way into the database and decrypts
// it on its way out: bodies of events, results of actions, requests and
// replies in the history, and the reasons of runs, which may quote replies.
// Identifiers, types and times stay readable, because the database searches
// for them.
type sealedStore struct {
	below store.Store
	ring  *keyRing // nil: nothing is sealed, and sealed data is an error
}

// Places of sealed values; they are authenticated with the value.
func bodyPlace(eventID string) string          { return "event/" + eventID }
func resultPlace(runID, action string) string  { return "result/" + runID + "/" + action }
func attemptPlace(runID, column string) string { return "attempt/" + runID + "/" + column }
func reasonPlace(runID string) string          { return "reason/" + runID }

// Accept implements Store.
func (s sealedStore) Accept(ctx context.Context, a event.Acceptance) (event.Receipt, error) {
	if s.ring != nil {
		a.Event = a.Event.WithBody(s.ring.keys().Seal(bodyPlace(a.Event.ID), a.Event.Body))
	}
	if move := a.Move; move != nil {
		a.Move = func(waiting *event.Run) event.Move {
			run := *waiting
			if err := s.openRun(&run); err != nil {
				run.Results = nil // a wait that depends on them then has no known end
			}
			return move(&run)
		}
	}
	return s.below.Accept(ctx, a)
}

// Erase implements Store.
func (s sealedStore) Erase(ctx context.Context, ref string, body []byte, reason string) error {
	key, _ := event.ParseRef(ref)
	_, eventID := event.SplitKey(key)
	return s.below.Erase(ctx, ref, s.ring.keys().Seal(bodyPlace(eventID), body), reason)
}

// Record implements Store.
func (s sealedStore) Record(ctx context.Context, p event.Progress) error {
	if s.ring == nil {
		return s.below.Record(ctx, p)
	}
	run := *p.Run
	if len(run.Results) > 0 {
		run.Results = make(map[string]json.RawMessage, len(p.Run.Results))
		for action, raw := range p.Run.Results {
			if json.Valid(raw) { // the store below rejects anything else
				raw = s.sealJSON(resultPlace(run.ID, action), raw)
			}
			run.Results[action] = raw
		}
	}
	run.Reason = s.sealText(reasonPlace(run.ID), run.Reason)
	p.Run = &run
	attempts := make([]event.Attempt, len(p.Attempts))
	for i, a := range p.Attempts {
		a.Request = s.sealJSON(attemptPlace(run.ID, "request"), a.Request)
		a.Response = s.sealJSON(attemptPlace(run.ID, "response"), a.Response)
		a.Reason = s.sealText(attemptPlace(run.ID, "reason"), a.Reason)
		attempts[i] = a
	}
	p.Attempts = attempts
	return s.below.Record(ctx, p)
}

// sealJSON keeps a JSON column valid: the sealed bytes become a string.
func (s sealedStore) sealJSON(place string, raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return raw
	}
	return json.RawMessage(`"` + sealedMark + base64.StdEncoding.EncodeToString(s.ring.keys().Seal(place, raw)) + `"`)
}

// sealedMark begins a sealed string.
const sealedMark = "gavel-sealed:"

func (s sealedStore) sealText(place, text string) string {
	if text == "" {
		return text
	}
	return sealedMark + base64.StdEncoding.EncodeToString(s.ring.keys().Seal(place, []byte(text)))
}

func (s sealedStore) openText(place, text string) (string, error) {
	coded, found := strings.CutPrefix(text, sealedMark)
	if !found {
		return text, nil
	}
	data, err := base64.StdEncoding.DecodeString(coded)
	if err != nil || !seal.Sealed(data) {
		return text, nil // somebody's own text
	}
	plain, err := s.ring.keys().Open(place, data)
	return string(plain), err
}

func (s sealedStore) openJSON(place string, raw json.RawMessage) (json.RawMessage, error) {
	text, found := bytes.CutPrefix(raw, []byte(`"`+sealedMark))
	if !found {
		return raw, nil
	}
	data, err := base64.StdEncoding.DecodeString(string(bytes.TrimSuffix(text, []byte(`"`))))
	if err != nil || !seal.Sealed(data) {
		return raw, nil // somebody's own text
	}
	return s.ring.keys().Open(place, data)
}

func (s sealedStore) openRecord(r *event.Record, err error) (*event.Record, error) {
	if err != nil || !seal.Sealed(r.Event.Body) {
		return r, err
	}
	body, err := s.ring.keys().Open(bodyPlace(r.Event.ID), r.Event.Body)
	switch {
	case errors.Is(err, seal.ErrNoKey):
		return nil, unreadable("event", r.Event.ID, err)
	case err != nil:
		r.Damage = unreadable("event", r.Event.ID, err).Error()
		return r, nil // its columns stay readable
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

// keyRetryDelay is how long a run waits when its key is missing.
const keyRetryDelay = 30 * time.Second

// Claim implements Store. A run whose key is missing is postponed with the
// reason, so that it does not block others; it continues when its key is
// there. A damaged run can only fail.
func (s sealedStore) Claim(ctx context.Context, owner string, now, leaseUntil time.Time, limit int) ([]*event.Run, error) {
	runs, err := s.below.Claim(ctx, owner, now, leaseUntil, limit)
	readable := runs[:0]
	for _, run := range runs {
		problem := s.openRun(run)
		if problem != nil && run.Damage == nil && !errors.Is(problem, seal.ErrNoKey) {
			run.Damage = damageOf(run, problem)
		}
		if problem == nil || run.Damage != nil {
			readable = append(readable, run)
			continue
		}
		// Only what could not be read stays as it is; the reason is replaced.
		run.Status, run.Due = event.StatusPending, now.Add(keyRetryDelay)
		run.Reason = "postponed: " + problem.Error()
		err = errors.Join(err, s.below.Record(ctx, event.Progress{Run: run, Owner: owner}))
	}
	return readable, err
}

// damageOf keeps the results as they are stored.
func damageOf(run *event.Run, problem error) *event.Damage {
	stored, err := json.Marshal(run.Results)
	if err != nil {
		stored = nil // not possible: the results were just decoded
	}
	run.Results = nil
	return &event.Damage{Reason: problem.Error(), Results: stored}
}

// Runs implements Store.
func (s sealedStore) Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error) {
	return s.openRuns(s.below.Runs(ctx, f))
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
			_, g.Events[i].EventID = event.SplitKey(key)
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
			r.Damage = err.Error()
		}
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
