package storetest

import (
	"errors"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store"
)

func identityTests() map[string]func(*world) {
	return map[string]func(*world){
		"organisations share no event":   eventsApart,
		"organisations share no meeting": meetingsApart,
		"an id with a slash":             slashedID,
	}
}

// eventsApart has three events of one id: of two organisations, and of none.
func eventsApart(w *world) {
	for i, organization := range []string{"acme", "globex", ""} {
		ev := w.from(organization, "e1", event.TypeScheduled, "m1", i)
		receipt := w.accept(ev, plan(ev, "run of "+organization))
		w.equal("duplicate", receipt.Duplicate, false)
		w.equal("again", w.accept(ev).Duplicate, true)
	}
	for ref, want := range map[string]string{"acme/e1": "acme", "globex/e1": "globex", "/e1": ""} {
		rec, err := w.Event(w.Context(), ref)
		w.must(err)
		w.equal(ref, rec.Event.OrganizationGUID, want)
		w.equal("deliveries", rec.Deliveries, 2)
		run := w.run("run of " + want)
		w.equal("organization of the run", run.Organization, want)
		w.equal("ref of its event", run.EventRef(), ref)
		runs, err := w.Runs(w.Context(), event.RunFilter{EventID: ref})
		w.must(err)
		w.equal("runs of "+ref, ids(runs), "run of "+want)
		list, err := w.Events(w.Context(), event.EventFilter{IDs: []string{ref}})
		w.must(err)
		w.equal("listed", len(list), 1)
	}
	_, err := w.Event(w.Context(), "e1")
	if !errors.Is(err, event.ErrConflict) || !strings.Contains(err.Error(), "acme/e1") || !strings.Contains(err.Error(), "globex/e1") {
		w.Errorf("an id that several use: %v", err)
	}
	if err := w.Erase(w.Context(), "e1", []byte("{}"), "erased"); !errors.Is(err, event.ErrConflict) {
		w.Errorf("an id that several use was erased: %v", err)
	}
	list, err := w.Events(w.Context(), event.EventFilter{IDs: []string{"e1"}})
	w.must(err)
	w.equal("of any organisation", len(list), 3)
	if _, err := w.Event(w.Context(), "initech/e1"); !errors.Is(err, event.ErrNotFound) {
		w.Errorf("of an organisation without events: %v", err)
	}
}

// meetingsApart: what one organisation does to its meeting is nothing to that
// of another.
func meetingsApart(w *world) {
	mine := w.from("acme", "a", event.TypeScheduled, "m1", 0)
	w.accept(mine, asleep(plan(mine, "mine"), 500))
	theirs := w.from("globex", "b", event.TypeScheduled, "m1", 60)
	w.accept(theirs, asleep(plan(theirs, "theirs"), 500))
	moved := w.from("acme", "c", event.TypeRescheduled, "m1", 30)
	w.equal("late by the other's event", w.accept(moved).Late, false)
	receipt := w.accept(w.from("globex", "d", event.TypeCanceled, "m1", 90))
	w.equal("dropped", receipt.Dropped, 1)
	w.equal("mine", w.run("mine").Status, event.StatusWaiting)
	w.equal("theirs", w.run("theirs").Status, event.StatusCanceled)

	for ref, want := range map[string]string{"acme/m1": "c", "globex/m1": "d"} {
		state, err := w.Meeting(w.Context(), ref)
		w.must(err)
		w.equal("id", state.MeetingID, "m1")
		w.equal("newest of "+ref, state.Newest.Event.ID, want)
		w.equal("canceled", state.Canceled, want == "d")
	}
	before, err := w.PreviousEvent(w.Context(), "acme/m1", at(30))
	w.must(err)
	w.equal("before", before.Event.ID, "a")
	if _, err := w.Meeting(w.Context(), "m1"); !errors.Is(err, event.ErrConflict) {
		w.Errorf("an id that several use: %v", err)
	}
	list, err := w.Events(w.Context(), event.EventFilter{MeetingID: "globex/m1", OldestFirst: true})
	w.must(err)
	w.equal("events of a meeting", len(list), 2)
	runs, err := w.Runs(w.Context(), event.RunFilter{MeetingID: "globex/m1"})
	w.must(err)
	w.equal("runs of a meeting", ids(runs), "theirs")
}

// slashedID: what an id holds changes nothing about whose it is.
func slashedID(w *world) {
	w.accept(w.from("acme", "e1", event.TypeScheduled, "m1", 0))
	w.equal("duplicate", w.accept(w.from("", "acme/e1", event.TypeScheduled, "acme/m1", 1)).Duplicate, false)
	for ref, want := range map[string]string{"acme/e1": "e1", "/acme/e1": "acme/e1"} {
		rec, err := w.Event(w.Context(), ref)
		w.must(err)
		w.equal(ref, rec.Event.ID, want)
		w.equal("found again", rec.Event.Ref(), ref)
	}
	state, err := w.Meeting(w.Context(), "/acme/m1")
	w.must(err)
	w.equal("meeting", state.MeetingID, "acme/m1")
}

// RunOlderIDs checks that a database of an earlier build, whose ids stand alone,
// gives them their organisation, and counts the runs that are failed there as
// issues. older turns one that is closed into such a
// database.
func RunOlderIDs(t *testing.T, open func(*testing.T) store.Store, older func(*testing.T)) {
	t.Run("fill", func(t *testing.T) {
		w := &world{T: t, Store: open(t)}
		w.fails("f1", "thank", "mail", event.CauseServer, 2)
		w.fails("f2", "thank", "mail", event.CauseServer, 3)
		w.again("f1", 4)
		w.finish("me", "f1", event.StatusSucceeded, 4)
		born := plan(w.scheduled("f3", "m-f3", 2), "f3")
		born.Rule, born.Status, born.Next, born.Finished = "broken", event.StatusFailed, event.NextCondition, at(2)
		w.accept(w.scheduled("f3", "m-f3", 2), born)
		first := w.scheduled("e1", "m1", 0)
		w.accept(first, asleep(plan(first, "sleeps"), 500), plan(first, "due", "slack", "crm"))
		w.accept(w.from("", "e2", event.TypeScheduled, "m2", 1))
	})
	older(t)
	t.Run("look", func(t *testing.T) {
		w := &world{T: t, Store: open(t)}
		w.equal("a repeat", w.accept(w.scheduled("e1", "m1", 0)).Duplicate, true)
		w.equal("of nobody", w.accept(w.from("", "e2", event.TypeScheduled, "m2", 1)).Duplicate, true)
		w.equal("of another", w.accept(w.from("globex", "e1", event.TypeCanceled, "m1", 5)).Duplicate, false)
		w.equal("failures", w.issues(9), []string{"thank mail server 1/1 3-3 f2 open", "broken  expression 1/1 2-2 f3 open"})
		w.equal("sleeps on", w.run("sleeps").Status, event.StatusWaiting)
		w.equal("its organization", w.run("sleeps").EventRef(), "acme/e1")
		behind := w.scheduled("e3", "m1", 10)
		w.accept(behind, plan(behind, "behind", "crm"))
		w.equal("in its lane", w.claim("me", 20), "due")
		w.equal("dropped with its meeting", w.accept(w.occurrence("e4", event.TypeCanceled, "m1", 30)).Dropped, 1)
	})
}
