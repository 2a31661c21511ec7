package storetest

import (
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
)

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
