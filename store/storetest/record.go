package storetest

import (
	"encoding/json"
	"errors"
	"maps"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

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
		"what a run remembers is stored with it":      remembers,
		"a lost lease remembers nothing":              remembersUnderLease,
		"no addition is lost":                         addsAtOnce,
		"progress stored again adds once":             addsAgain,
		"memory goes with its meeting":                forgetsMeeting,
		"an erased event is not remembered":           forgetsErased,
		"memory expires":                              memoryExpires,
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

// Spoil writes value into a column of one table ("runs" or
// "events") where the condition holds, past the store.
type Spoil func(t testing.TB, table, column, condition string, value any)

// RunDamaged checks that rows which cannot be read stop nothing that is read
// with them. fresh makes an empty database.
func RunDamaged(t *testing.T, fresh func(t *testing.T) (Database, Spoil)) {
	for name, test := range map[string]func(*world, Spoil){
		"results":       damagedResults,
		"next action":   damagedNext,
		"event body":    damagedBody,
		"follows later": damagedFollower,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, spoil := fresh(t)
			test(&world{T: t, db: db, Store: db(t)}, spoil)
		})
	}
}

// tooDeep is what Go's decoder refuses although it is JSON.
var tooDeep = []byte(`{"a":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`)

func damagedResults(w *world, spoil Spoil) {
	for i, value := range [][]byte{[]byte("{"), []byte("[]"), []byte("\xff\x00"), tooDeep} {
		bad, good := string(rune('a'+i))+"-bad", string(rune('a'+i))+"-good"
		ev := w.scheduled("e"+bad, "m"+bad, 0)
		w.accept(ev, plan(ev, bad), plan(ev, good))
		spoil(w, "runs", "results", "id = '"+bad+"'", value)
		runs := w.claimRuns("me", 5)
		w.equal("claimed", ids(runs), bad+" "+good)
		if runs[0].Damage == nil || runs[1].Damage != nil {
			w.Fatalf("damage %v of the bad one, %v of the good one", runs[0].Damage, runs[1].Damage)
		}
		list, err := w.Runs(w.Context(), event.RunFilter{EventID: ev.ID})
		w.must(err)
		w.equal("listed", len(list), 2)
		// It can be ended, and what is stored of it stays.
		runs[0].Status, runs[0].Reason, runs[0].Finished = event.StatusFailed, runs[0].Damage.Reason, at(5)
		w.must(w.Record(w.Context(), event.Progress{Run: runs[0], Owner: "me"}))
		w.finish("me", good, event.StatusSucceeded, 5)
		got := w.run(bad)
		w.equal("status", got.Status, event.StatusFailed)
		if got.Damage == nil || string(got.Damage.Results) != string(value) {
			w.Errorf("what was stored of it is gone: %v", got.Damage)
		}
	}
}

func damagedNext(w *world, spoil Spoil) {
	ev := w.scheduled("e1", "m1", 0)
	w.accept(ev, plan(ev, "1"), plan(ev, "2"))
	spoil(w, "runs", "next", "id = '1'", -5)
	runs := w.claimRuns("me", 5)
	w.equal("claimed", ids(runs), "1 2")
	if runs[0].Damage == nil {
		w.Error("an action that cannot be is no damage")
	}
}

func damagedBody(w *world, spoil Spoil) {
	for _, id := range []string{"e1", "e2"} {
		ev := w.scheduled(id, "m1", 0)
		w.accept(ev, plan(ev, "run "+id))
	}
	spoil(w, "events", "body", "id = 'acme/e1'", []byte(`{"eventId":`))
	w.equal("claimed", w.claim("me", 5), "run e1 run e2")
	list, err := w.Events(w.Context(), event.EventFilter{OldestFirst: true})
	w.must(err)
	if len(list) != 2 || list[0].Damage == "" || list[1].Damage != "" {
		w.Errorf("listed: %+v", list)
	}
}

// damagedFollower: the next event of the meeting is taken all the same.
func damagedFollower(w *world, spoil Spoil) {
	ev := w.scheduled("e1", "m1", 0)
	w.accept(ev, asleep(plan(ev, "1"), 100))
	spoil(w, "runs", "results", "id = '1'", []byte("{"))
	receipt := w.acceptance(event.Acceptance{
		Event: w.occurrence("e2", event.TypeCanceled, "m1", 1), Revision: "r1", Now: at(1),
		Move: func(*event.Run) event.Move { return event.Move{Action: event.MoveDrop, Reason: "canceled"} },
	})
	w.equal("dropped", receipt.Dropped, 1)
	w.equal("status", w.run("1").Status, event.StatusCanceled)
}

func remembers(w *world) {
	m1, owner := w.meetingKey("m1"), event.PlaceMemory("o", "owner", "7")
	w.remember("e1", "m1", 1, set(m1, "crm", "a'b"), add(owner, "n", at(9)))
	w.remember("e2", "m1", 2, set(m1, "crm", "c"), add(owner, "n", at(9)), set(m1, "gone", "x"), set(m1, "gone", ""))
	w.equal("memory", w.memories(m1, owner, "", w.meetingKey("m2")), `crm="c" n=2`)
	list, err := w.Memories(w.Context(), []event.MemoryKey{owner})
	w.must(err)
	w.equal("value", list[0], event.Remembered{Key: owner, Name: "n", Kind: "number", Value: json.RawMessage("2"), Rule: "rule of e2", Updated: at(2), Expires: at(9)})
}

func remembersUnderLease(w *world) {
	m1 := w.meetingKey("m1")
	ev := w.scheduled("e1", "m1", 0)
	run := w.acceptMine("dead", ev, plan(ev, "1")).Started[0]
	w.claim("me", 5)
	run.Status = event.StatusSucceeded
	err := w.Record(w.Context(), event.Progress{Run: run, Owner: "dead", Remember: []event.Remember{add(m1, "n", time.Time{})}})
	if !errors.Is(err, event.ErrConflict) {
		w.Errorf("got %v, want ErrConflict", err)
	}
	w.equal("memory", w.memories(m1), "")
}

// addsAtOnce adds in runs that are recorded at the same time, by two processes.
func addsAtOnce(w *world) {
	key := event.PlaceMemory("o", "owner", "7")
	other := *w
	other.Store = w.db(w.T)
	var all sync.WaitGroup
	for i := range 40 {
		by, id := w, "e"+strconv.Itoa(i)
		if i%2 == 1 {
			by = &other
		}
		all.Go(func() { by.remember(id, "m"+strconv.Itoa(i%3), i, add(key, "n", time.Time{})) })
	}
	all.Wait()
	w.equal("count", w.memories(key), "n=40")
}

// addsAgain records the same progress twice, as one does who has lost the answer.
func addsAgain(w *world) {
	ev, m1 := w.scheduled("e1", "m1", 0), w.meetingKey("m1")
	run := w.acceptMine("me", ev, plan(ev, "1")).Started[0]
	for element := range 2 { // of a for_each, which stays at its action
		run.Updated = at(1)
		for range 2 {
			w.must(w.Record(w.Context(), event.Progress{
				Run: run, Owner: "me", LeaseUntil: at(9), Remember: []event.Remember{add(m1, "n", time.Time{})},
				Attempts: []event.Attempt{{RunID: "1", Action: 1, ActionID: "count[" + strconv.Itoa(element) + "]", Try: 1, Started: at(1), Outcome: event.OutcomeSucceeded}},
			}))
		}
	}
	w.equal("memory", w.memories(m1), "n=2")
}
