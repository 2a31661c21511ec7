package storetest

import (
	"encoding/json"
	"errors"

	"github.com/gavel-rules/gavel/event"
)

func eraseEvent(w *world) {
	ev, other := w.scheduled("e1", "m1", 0), w.scheduled("e2", "m2", 0)
	for i, e := range []*event.Event{ev, other} {
		id := []string{"1", "2"}[i]
		r := w.acceptMine("me", e, plan(e, id, "slack")).Started[0]
		r.Status, r.Finished, r.Reason = event.StatusFailed, at(1), "jane is unknown"
		r.Results = map[string]json.RawMessage{"find": json.RawMessage(`{"name":"jane"}`)}
		w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "me", Attempts: []event.Attempt{{
			RunID: id, Kind: "http", Outcome: event.OutcomeFailed, Reason: "jane", Request: json.RawMessage(`"jane"`), Response: json.RawMessage(`"jane"`),
		}}}))
	}
	replacement := w.occurrence("e1", event.TypeScheduled, "", 0).Body
	w.must(w.Erase(w.Context(), "e1", replacement, "erased"))
	rec, err := w.Event(w.Context(), "e1")
	w.must(err)
	w.equal("body", string(rec.Event.Body), string(replacement))
	for id, want := range map[string]string{"1": "erased", "2": "jane"} {
		attempts, err := w.Attempts(w.Context(), id)
		w.must(err)
		a := attempts[0]
		w.equal("attempt of run "+id, []any{a.Reason, len(a.Request) == 0, len(a.Response) == 0}, []any{want, id == "1", id == "1"})
		r := w.run(id)
		w.equal("results of run "+id, len(r.Results) == 0, id == "1")
		w.equal("status of run "+id, r.Status, event.StatusFailed)
	}
	w.equal("a repeat is still one", w.accept(ev).Duplicate, true)
	if err := w.Erase(w.Context(), "none", replacement, "erased"); !errors.Is(err, event.ErrNotFound) {
		w.Errorf("erase an unknown event: %v", err)
	}
}
