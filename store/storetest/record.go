package storetest

import (
	"encoding/json"
	"errors"
	"maps"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
)

func recordTests() map[string]func(*world) {
	return map[string]func(*world){
		"progress is stored as it is":                 recordsAll,
		"a lost lease stores the attempts only":       lostLease,
		"an ended run takes no more progress":         endedRun,
		"an unknown run":                              recordUnknown,
		"the history is only added to":                appendOnly,
		"a running run goes on under its lease":       recordRunning,
		"a failed try comes back when it is due":      recordRetry,
		"results grow from action to action":          resultsGrow,
		"what cannot be encoded is told to its owner": badResults,
	}
}

func recordsAll(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	want := w.acceptMine("me", ev, plan(ev, "1", "slack")).Started[0]
	attempt := event.Attempt{
		RunID: "1", Action: 2, ActionID: "create", Kind: "http", Try: 3, Started: at(1), Ended: at(2),
		Outcome: event.OutcomeFailed, Cause: event.CauseServer, Reason: "503 Service Unavailable",
		Request: json.RawMessage(`{"url":"https://crm.example"}`), Response: json.RawMessage("\xff not even JSON"), NextTry: at(9),
	}
	want.Status, want.Reason, want.Due, want.Next, want.Tries = event.StatusPending, "503 Service Unavailable", at(9), 2, 3
	want.InFlight, want.Follow, want.Updated = true, true, at(2)
	want.Results = map[string]json.RawMessage{"find": json.RawMessage(`{"status":200}`)}
	w.must(w.Record(w.Context(), event.Progress{Run: want, Owner: "me", Attempts: []event.Attempt{attempt}}))
	w.equal("run", w.run("1"), want)
	got, err := w.Attempts(w.Context(), "1")
	w.must(err)
	if len(got) != 1 {
		w.Fatalf("got %d attempts, want 1", len(got))
	}
	attempt.Seq = got[0].Seq
	w.equal("attempt", got[0], attempt)
}

func lostLease(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.acceptMine("dead", ev, plan(ev, "1"))
	w.claim("me", 5)
	if err := w.try("dead", "1", event.StatusSucceeded, 5); !errors.Is(err, event.ErrConflict) {
		w.Errorf("got %v, want ErrConflict", err)
	}
	w.equal("status", w.run("1").Status, event.StatusRunning)
	w.equal("history", w.history("1"), []string{"succeeded"})
}

func endedRun(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.acceptMine("me", ev, plan(ev, "1"))
	w.must(w.CancelRun(w.Context(), "1", at(1), "by hand"))
	if err := w.try("me", "1", event.StatusSucceeded, 2); !errors.Is(err, event.ErrConflict) {
		w.Errorf("got %v, want ErrConflict", err)
	}
	w.equal("run", w.state("1"), "canceled 0 by hand")
	w.equal("history", w.history("1"), []string{"changed by hand", "succeeded"})
}

func recordUnknown(w *world) {
	err := w.Record(w.Context(), event.Progress{Run: &event.Run{ID: "nobody", Status: event.StatusFailed}, Owner: "me"})
	if !errors.Is(err, event.ErrNotFound) {
		w.Errorf("got %v, want ErrNotFound", err)
	}
}

func appendOnly(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.acceptMine("me", ev, plan(ev, "1"))
	for range 3 {
		w.finish("me", "1", event.StatusRunning, 0)
	}
	w.finish("me", "1", event.StatusFailed, 1)
	w.must(w.RetryRun(w.Context(), "1", at(2), "again"))
	got, err := w.Attempts(w.Context(), "1")
	w.must(err)
	w.equal("length", len(got), 5)
	for i := 1; i < len(got); i++ {
		if got[i].Seq <= got[i-1].Seq {
			w.Errorf("attempt %d has number %d after %d", i, got[i].Seq, got[i-1].Seq)
		}
	}
	none, err := w.Attempts(w.Context(), "nobody")
	w.must(err)
	w.equal("of an unknown run", len(none), 0)
}

func recordRunning(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.acceptMine("me", ev, plan(ev, "1", "slack"))
	w.finish("me", "1", event.StatusRunning, 5)
	w.equal("lanes", w.run("1").Lanes, []string{event.Lane("acme/m1", "slack")})
	w.equal("under its lease", w.claim("you", 5), "")
	w.equal("after it", w.claim("you", 6), "1")
}

func recordRetry(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.acceptMine("me", ev, plan(ev, "1"))
	w.finish("me", "1", event.StatusPending, 7)
	w.equal("next due", w.nextDue(), at(7))
	w.equal("too early", w.claim("you", 6), "")
	w.equal("due", w.claim("you", 7), "1")
}

func resultsGrow(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	r := w.acceptMine("me", ev, plan(ev, "1")).Started[0]
	for _, id := range []string{"find", "create"} {
		results := map[string]json.RawMessage{}
		maps.Copy(results, r.Results)
		r.Results = results
		r.Results[id] = json.RawMessage(`{"id":"` + id + `"}`)
		w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "me", LeaseUntil: at(1)}))
		if diff := cmp.Diff(r.Results, w.run("1").Results); diff != "" {
			w.Errorf("results: (-want +got)\n%s", diff)
		}
	}
}

func badResults(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	r := w.acceptMine("me", ev, plan(ev, "1")).Started[0]
	r.Results = map[string]json.RawMessage{"find": json.RawMessage("no JSON")}
	if err := w.Record(w.Context(), event.Progress{Run: r, Owner: "me"}); !errors.Is(err, event.ErrInvalid) {
		w.Errorf("got %v, want ErrInvalid", err)
	}
}
