package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
)

func changeTests() map[string]func(*world) {
	return map[string]func(*world){
		"a failed run is retried manually":           retry,
		"only ended runs are retried":                retryRefused,
		"a run is canceled manually":                 cancel,
		"an ended run is not canceled":               cancelRefused,
		"a waiting run goes now":                     runNow,
		"a run in a queue keeps its place":           runNowHeld,
		"a waiting run goes on under another rule":   moveRevision,
		"an unknown run is not found":                changeUnknown,
		"a run that is carried out is not moved":     moveRefused,
		"counts":                                     counts,
		"an event is erased with what its runs said": eraseEvent,
		"a canceled run answers its owner honestly":  cancelRunning,
		"an erased run tells nothing in its issue":   issueErase,
	}
}

// failed accepts an event with one run that has failed.
func failed(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	r := w.acceptMine("me", ev, plan(ev, "1", "slack")).Started[0]
	r.Status, r.Tries, r.InFlight, r.Finished, r.Reason = event.StatusFailed, 8, true, at(1), "gave up"
	w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "me"}))
}

func retry(w *world) {
	failed(w)
	w.must(w.RetryRun(w.Context(), "1", at(5), "retried manually"))
	r := w.run("1")
	w.equal("run", w.state("1"), "pending 5 retried manually")
	w.equal("fresh", []any{r.Tries, r.InFlight, r.Finished.IsZero()}, []any{0, false, true})
	w.equal("history", w.history("1"), []string{"changed retried manually"})
	w.equal("due", w.claim("me", 5), "1")
	w.finish("me", "1", event.StatusSucceeded, 6)
}

func retryRefused(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.acceptMine("me", ev, plan(ev, "running"))
	later := w.scheduled("e2", "m2", 0)
	w.accept(later, plan(later, "pending"), asleep(plan(later, "waiting"), 50))
	for _, id := range []string{"running", "pending", "waiting"} {
		if err := w.RetryRun(w.Context(), id, at(5), "again"); !errors.Is(err, event.ErrConflict) {
			w.Errorf("retry %s: got %v, want ErrConflict", id, err)
		}
		w.equal("history", w.history(id), []string(nil))
	}
	w.finish("me", "running", event.StatusSucceeded, 1)
	if err := w.RetryRun(w.Context(), "running", at(5), "again"); !errors.Is(err, event.ErrConflict) {
		w.Errorf("retry a success: got %v, want ErrConflict", err)
	}
}

func cancel(w *world) {
	sleeper(w)
	w.must(w.CancelRun(w.Context(), "1", at(5), "canceled manually"))
	w.equal("run", w.state("1"), "canceled 60 canceled manually")
	w.equal("history", w.history("1"), []string{"changed canceled manually"})
	w.equal("finished", w.run("1").Finished, at(5))
	w.must(w.RetryRun(w.Context(), "1", at(6), "after all"))
	w.equal("retried", w.claim("me", 6), "1")
}

func cancelRefused(w *world) {
	failed(w)
	if err := w.CancelRun(w.Context(), "1", at(5), "too late"); !errors.Is(err, event.ErrConflict) {
		w.Errorf("got %v, want ErrConflict", err)
	}
	w.equal("run", w.state("1"), "failed 0 gave up")
}

func cancelRunning(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.acceptMine("me", ev, plan(ev, "1", "slack"))
	w.must(w.CancelRun(w.Context(), "1", at(1), "by hand"))
	if err := w.try("me", "1", event.StatusRunning, 1); !errors.Is(err, event.ErrConflict) {
		w.Errorf("got %v, want ErrConflict", err)
	}
	w.equal("its lease is gone", w.claim("you", 10), "")
}

func runNow(w *world) {
	sleeper(w)
	w.must(w.RunNow(w.Context(), "1", at(5), "sent early"))
	w.equal("run", w.state("1"), "waiting 5 sent early")
	w.equal("history", w.history("1"), []string{"changed sent early"})
	w.equal("due", w.claim("me", 5), "1")
	if err := w.RunNow(w.Context(), "1", at(5), "again"); !errors.Is(err, event.ErrConflict) {
		w.Errorf("a running run: got %v, want ErrConflict", err)
	}
}

func runNowHeld(w *world) {
	three(w)
	w.must(w.RunNow(w.Context(), "2", at(1), "hurry"))
	w.equal("the first is still the first", w.claim("me", 9), "1")
}

func moveRevision(w *world) {
	sleeper(w)
	w.must(w.MoveRevision(w.Context(), "1", "r2", 3, at(40), "the rule has changed", at(5)))
	r := w.run("1")
	w.equal("run", w.state("1"), "waiting 40 the rule has changed")
	w.equal("moved", []any{r.Revision, r.Next}, []any{"r2", 3})
	w.equal("history", w.history("1"), []string{"changed the rule has changed"})
}

func moveRefused(w *world) {
	ev := w.scheduled("e1", "m1", 0)
	w.acceptMine("me", ev, plan(ev, "1"))
	if err := w.MoveRevision(w.Context(), "1", "r2", 0, at(1), "no", at(1)); !errors.Is(err, event.ErrConflict) {
		w.Errorf("got %v, want ErrConflict", err)
	}
	w.equal("revision", w.run("1").Revision, "r1")
}

func changeUnknown(w *world) {
	for name, change := range map[string]func(ctx context.Context, id string, now time.Time, reason string) error{
		"retry": w.RetryRun, "cancel": w.CancelRun, "run now": w.RunNow,
	} {
		if err := change(w.Context(), "nobody", at(0), "why"); !errors.Is(err, event.ErrNotFound) {
			w.Errorf("%s: got %v, want ErrNotFound", name, err)
		}
	}
}

func counts(w *world) {
	empty, err := w.Counts(w.Context())
	w.must(err)
	w.equal("empty", empty, event.Counts{Runs: map[event.Status]int64{}})
	three(w)
	ev := w.scheduled("e9", "m9", 0)
	w.accept(ev, asleep(plan(ev, "9"), 1))
	w.claim("me", 0)
	got, err := w.Counts(w.Context())
	w.must(err)
	w.equal("events", got.Events, int64(4))
	w.equal("runs", got.Runs, map[event.Status]int64{event.StatusPending: 2, event.StatusRunning: 1, event.StatusWaiting: 1})
	w.equal("oldest due", got.OldestDue, at(1))
}

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

func issueErase(w *world) {
	w.fails("1", "thank", "mail", event.CauseServer, 1)
	w.must(w.Erase(w.Context(), "e1", []byte(`{}`), "erased"))
	w.equal("issue", w.issues(2), []string{"thank mail server 1/1 1-1 1 open"})
	w.equal("reason", w.only().Example.Reason, "erased")
	if strings.Contains(fmt.Sprint(w.only()), "refused") {
		w.Error("the issue tells what was erased")
	}
}

func pauseTests() map[string]func(*world) {
	return map[string]func(*world){
		"a pause is stored once and ends once":        pausedOnce,
		"what a pause holds is not claimed before it": setsAside,
		"what is held keeps its lane and its meeting": asideInLane,
	}
}

func pausedOnce(w *world) {
	later := event.Pause{Key: event.PauseRule("later"), Since: at(1), Until: at(9), Reason: "wrong template", By: "by hand"}
	all := event.Pause{Key: event.PauseAll, Since: at(2), By: "by hand"}
	w.must(errors.Join(w.Pause(w.Context(), later), w.Pause(w.Context(), all)))
	if err := w.Pause(w.Context(), event.Pause{Key: later.Key, Since: at(3)}); !errors.Is(err, event.ErrConflict) {
		w.Errorf("paused twice: %v, want ErrConflict", err)
	}
	got, err := w.db(w.T).Pauses(w.Context()) // another process
	w.must(err)
	w.equal("pauses", got, []event.Pause{all, later})
	if err := w.Resume(w.Context(), later.Key, at(0)); !errors.Is(err, event.ErrNotFound) {
		w.Errorf("resumed an earlier pause: %v, want ErrNotFound", err)
	}
	w.must(w.Resume(w.Context(), later.Key, later.Since))
	if err := w.Resume(w.Context(), later.Key, later.Since); !errors.Is(err, event.ErrNotFound) {
		w.Errorf("resumed twice: %v, want ErrNotFound", err)
	}
	if got, err = w.Pauses(w.Context()); err != nil || len(got) != 1 {
		w.Errorf("pauses: %v, %v", got, err)
	}
}

// aside sets a claimed run aside.
func (w *world) aside(owner, id string, key event.PauseKey, due int, lapses bool) {
	w.Helper()
	run := w.run(id)
	run.Status, run.Due, run.PausedBy, run.Lapses, run.Updated = event.StatusWaiting, at(due), key, lapses, at(due)
	w.must(w.Record(w.Context(), event.Progress{Run: run, Owner: owner}))
}

func setsAside(w *world) {
	key := event.PauseRule("later")
	w.must(w.Pause(w.Context(), event.Pause{Key: key, Since: at(0), By: "by hand"}))
	for _, id := range []string{"1", "2", "3"} {
		ev := w.scheduled("e"+id, "m"+id, 0)
		w.acceptMine("me", ev, plan(ev, id))
	}
	w.aside("me", "1", key, 5, true)
	w.aside("me", "2", key, 3, false)
	w.aside("me", "3", event.PauseConnection("crm"), 4, false) // which is not paused, or not any more
	w.equal("claimed", w.claim("me", 60), "")
	w.equal("next due", w.nextDue(), time.Time{})
	w.equal("held by", w.run("1").PausedBy, key)
	held, err := w.SetAside(w.Context(), at(6))
	w.must(err)
	w.equal("held", held, []event.SetAside{{Key: event.PauseConnection("crm"), Runs: 1}, {Key: key, Runs: 2, Past: 1}})
	w.listsHeld(key)

	w.frees(10, 1)
	w.equal("claimed", w.claim("me", 60), "3")
	w.must(w.Resume(w.Context(), key, at(0)))
	w.frees(1, 1) // the oldest first
	w.equal("claimed", w.claim("me", 60), "2")
	w.frees(10, 1)
	w.equal("claimed", w.claim("me", 60), "1")
	w.equal("held by", w.run("1").PausedBy, event.PauseKey(""))
	w.frees(10, 0)
}

func (w *world) frees(limit, want int) {
	w.Helper()
	n, err := w.FreeSetAside(w.Context(), limit)
	w.must(err)
	w.equal("freed", n, want)
}

func asideInLane(w *world) {
	key := event.PauseConnection("slack")
	w.must(w.Pause(w.Context(), event.Pause{Key: key, Since: at(0), By: "by hand"}))
	first, second := w.scheduled("e1", "m1", 0), w.occurrence("e2", event.TypeRescheduled, "m1", 1)
	w.acceptMine("me", first, plan(first, "1", "slack"))
	run := w.run("1")
	run.Status, run.PausedBy, run.Updated = event.StatusPending, key, at(1)
	w.must(w.Record(w.Context(), event.Progress{Run: run, Owner: "me"}))
	w.accept(second, plan(second, "2", "slack"))
	w.equal("claimed behind it", w.claim("me", 60), "")
	w.must(w.Resume(w.Context(), key, at(0)))
	w.frees(10, 1)
	w.equal("claimed after it", w.claim("me", 60), "1")
	w.finish("me", "1", event.StatusSucceeded, 61)
	w.equal("claimed last", w.claim("me", 62), "2")

	third := w.scheduled("e3", "m3", 0)
	w.acceptMine("me", third, plan(third, "3"))
	w.must(w.Pause(w.Context(), event.Pause{Key: key, Since: at(0), By: "by hand"}))
	w.aside("me", "3", key, 5, false)
	w.must(w.CancelRun(w.Context(), "3", at(6), "not needed"))
	w.equal("canceled", w.run("3").PausedBy, event.PauseKey(""))
	w.must(w.RetryRun(w.Context(), "3", at(7), "needed"))
	w.equal("claimed again", w.claim("me", 62), "3")
}
