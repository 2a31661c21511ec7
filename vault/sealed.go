package vault

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
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
func factsPlace(block int64) string            { return "facts/" + strconv.FormatInt(block, 10) }
func memoryPlace(key event.MemoryKey, name string) string {
	return "memory/" + string(key) + "/" + name
}
func reasonPlace(runID string) string { return "reason/" + runID }

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

// SaveFacts implements Store.
func (s sealedStore) SaveFacts(ctx context.Context, f event.Facts, erasures int64) (bool, error) {
	f.Data = s.ring.keys().Seal(factsPlace(f.Block), f.Data)
	return s.below.SaveFacts(ctx, f, erasures)
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
	p.Remember = s.sealMemory(p.Remember)
	return s.below.Record(ctx, p)
}

// sealMemory lets changes of memory see what is stored as it is, and seals what
// they return.
func (s sealedStore) sealMemory(changes []event.Remember) []event.Remember {
	sealed := make([]event.Remember, len(changes))
	for i, c := range changes {
		place := memoryPlace(c.Key, c.Name)
		sealed[i] = c
		sealed[i].Change = func(old json.RawMessage) (json.RawMessage, error) {
			if (c.Kind == event.MemoryNumber || c.Kind == event.MemoryLiving) && old != nil {
				plain, err := s.openJSON(place, old)
				if err != nil {
					return nil, unreadable("memory", c.Name, err)
				}
				old = plain
			}
			value, err := c.Change(old)
			return s.sealJSON(place, value), err
		}
	}
	return sealed
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
