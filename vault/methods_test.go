package vault

import (
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/store/seal"
	"github.com/gavel-rules/gavel/store/sqlite/sqlitetest"
)

// reads are the methods of Store that return what tells about people, and how
// to ask for what aboutSomebody stores. They open what is sealed.
func reads(ctx context.Context) map[string]func(store.Store) (any, error) {
	now := time.Now()
	return map[string]func(store.Store) (any, error){
		"Event":  func(s store.Store) (any, error) { return s.Event(ctx, "e1") },
		"Events": func(s store.Store) (any, error) { return s.Events(ctx, event.EventFilter{}) },
		"PreviousEvent": func(s store.Store) (any, error) {
			r, err := s.Event(ctx, "e1")
			if err != nil {
				return nil, err
			}
			return s.PreviousEvent(ctx, r.Event.MeetingRef(), now.Add(24*time.Hour))
		},
		"Meeting": func(s store.Store) (any, error) {
			r, err := s.Event(ctx, "e1")
			if err != nil {
				return nil, err
			}
			return s.Meeting(ctx, r.Event.MeetingRef())
		},
		"Memories": func(s store.Store) (any, error) {
			r, err := s.Event(ctx, "e1")
			if err != nil {
				return nil, err
			}
			return s.Memories(ctx, []event.MemoryKey{event.MeetingMemory(r.Event.MeetingKey())})
		},
		"Gathered": func(s store.Store) (any, error) { return s.Gathered(ctx, "run-e2") },
		"Run":      func(s store.Store) (any, error) { return s.Run(ctx, "run-e1") },
		"Runs":     func(s store.Store) (any, error) { return s.Runs(ctx, event.RunFilter{Results: true}) },
		"Issues": func(s store.Store) (any, error) {
			list, err := s.Issues(ctx, event.IssueFilter{})
			if err != nil || len(list) == 0 {
				return nil, err
			}
			return list[0].Example, nil
		},
		"IssueRuns": func(s store.Store) (any, error) {
			list, err := s.Issues(ctx, event.IssueFilter{})
			if err != nil || len(list) == 0 {
				return nil, err
			}
			return s.IssueRuns(ctx, event.IssueRuns{ID: list[0].ID})
		},
		"Attempts": func(s store.Store) (any, error) { return s.Attempts(ctx, "run-e1") },
		"Facts": func(s store.Store) (any, error) {
			list, err := s.Facts(ctx, -1, time.Time{}, 10)
			if err != nil || len(list) == 0 {
				return nil, err
			}
			return string(list[0].Data), nil
		},
		"Prunable": func(s store.Store) (any, error) {
			return s.Prunable(ctx, now.Add(24*time.Hour), event.Place{}, 10)
		},
		"Claim": func(s store.Store) (any, error) {
			return s.Claim(ctx, "other", now.Add(time.Hour), now.Add(time.Hour), 10)
		},
	}
}

// others says why each other method of Store need not open anything.
func others() map[string]string {
	return map[string]string{
		"Accept": "seals the body; what it returns are runs without results", "Record": "seals results, requests, replies, reasons and memory",
		"Erase": "seals the body that stays", "SaveFacts": "seals the block", "Numbers": "numbers", "FollowUps": "numbers by rule",
		"Index": "knows no sealed words", "Search": "finds numbers, and none of sealed events",
		"Renew": "a lease", "Release": "a lease", "NextDue": "a time", "Woken": "a signal", "Exclusive": "a name",
		"SaveRevision": "rules", "Revision": "rules", "NewestRevision": "rules", "Replay": "plans of runs, and a number",
		"Counts": "numbers", "Tallies": "numbers", "Daily": "numbers", "Hourly": "numbers", "Activity": "numbers by rule", "EventHours": "times",
		"WindowState": "identifiers and times, which the database looks for", "Footing": "settings", "ObserveCommits": "numbers",
		"RetryRun": "a reason of Gavel's", "CancelRun": "a reason of Gavel's", "RunNow": "a reason of Gavel's", "MoveRevision": "a reason of Gavel's",
		"ChangeIssue": "times, and who it was", "AcknowledgeRun": "a reason of Gavel's",
		"Pauses": "what an operator typed", "Pause": "what an operator typed", "Resume": "a name", "FreeSetAside": "a number", "SetAside": "numbers", "FailedRuns": "numbers", "RuleRuns": "numbers and times by rule",
		"Mark": "how far something was told", "SetMark": "how far something was told", "WaitingRules": "names of rules", "Refusals": "addresses and numbers", "AddRefusals": "addresses and numbers",
		"Prune": "a number", "PruneMemory": "a number", "PruneEvents": "a number", "PruneRest": "nothing", "Size": "numbers", "Shrink": "a number", "Backup": "the file as it lies on disk", "Close": "nothing",
	}
}

// TestEveryMethodIsKnown makes whoever adds a method to Store say what the
// encryption does with it.
func TestEveryMethodIsKnown(t *testing.T) {
	t.Parallel()
	known := slices.Sorted(maps.Keys(others()))
	known = append(known, slices.Collect(maps.Keys(reads(t.Context())))...)
	slices.Sort(known)
	var methods []string
	for m := range reflect.TypeFor[store.Store]().Methods() {
		methods = append(methods, m.Name)
	}
	slices.Sort(methods)
	for _, m := range methods {
		if !slices.Contains(known, m) {
			t.Errorf("%s: say whether it returns what is sealed, and open it if it does", m)
		}
	}
	for i, m := range known {
		if !slices.Contains(methods, m) || i > 0 && known[i-1] == m {
			t.Errorf("%s is listed twice, or is no method of Store", m)
		}
	}
	// An embedded Store would pass a new method on without a word.
	for f := range reflect.TypeFor[sealedStore]().Fields() {
		if f.Anonymous {
			t.Errorf("sealedStore embeds %s", f.Name)
		}
	}
}

// aboutSomebody stores three events and three runs, with a name in everything
// that can hold one.
func aboutSomebody(t *testing.T, s store.Store, name string) {
	t.Helper()
	now := time.Now()
	for _, id := range []string{"e1", "e2", "e3"} {
		body, err := sample.Body(event.TypeScheduled, id, now)
		if err != nil {
			t.Fatal(err)
		}
		body = []byte(strings.ReplaceAll(string(body), "invitee@globex.example", name))
		ev, err := decode.Event(body)
		if err != nil {
			t.Fatal(err)
		}
		ev.Arrive(now)
		run := event.Run{ID: "run-" + id, EventID: id, Organization: ev.Organization(), MeetingID: ev.Meeting.ID, EventType: ev.Type, Rule: "r", Revision: "v", Status: event.StatusPending, Due: now, Created: now, Updated: now}
		planned := []event.PlannedRun{{Run: run}}
		switch id {
		case "e2":
			planned[0].Windows = []event.Window{{Kind: event.WindowDigest, Rule: "r", Length: time.Minute}}
		}
		a := event.Acceptance{Event: ev, Revision: "v", Now: now, Runs: planned}
		if id == "e3" { // fails, and can leave the database
			a.Owner, a.LeaseUntil = "me", now.Add(time.Minute)
		}
		receipt, err := s.Accept(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range receipt.Started {
			run.Status, run.Reason, run.Finished = event.StatusFailed, name, now
			if err := s.Record(t.Context(), event.Progress{Run: run, Owner: "me"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if ok, err := s.SaveFacts(t.Context(), event.Facts{Events: 3, Newest: now, Data: []byte(name)}, 0); err != nil || !ok {
		t.Fatalf("facts: %v, %v", ok, err)
	}
	claimed, err := s.Claim(t.Context(), "me", now, now.Add(time.Minute), 1)
	if err != nil || len(claimed) != 1 {
		t.Fatalf("%d runs claimed, %v", len(claimed), err)
	}
	text, err := json.Marshal(name)
	if err != nil {
		t.Fatal(err)
	}
	run := claimed[0]
	run.Status, run.Reason, run.Results = event.StatusPending, name, map[string]json.RawMessage{"a": text}
	attempt := event.Attempt{RunID: run.ID, Reason: name, Outcome: event.OutcomeSucceeded, Request: text, Response: text}
	kept := event.Remember{
		Key: event.MeetingMemory(run.MeetingKey()), Name: "who", Kind: "text",
		Change: func(json.RawMessage) (json.RawMessage, error) { return text, nil },
	}
	if err := s.Record(t.Context(), event.Progress{Run: run, Owner: "me", Attempts: []event.Attempt{attempt}, Remember: []event.Remember{kept}}); err != nil {
		t.Fatal(err)
	}
}

// TestEveryReadIsOpened asks for everything that tells about somebody: it is
// there when the store is asked, and not when the database is.
func TestEveryReadIsOpened(t *testing.T) {
	t.Parallel()
	const name = "jane-of-globex@globex.example"
	keys, err := seal.Parse(strings.Repeat("ab", 32))
	if err != nil {
		t.Fatal(err)
	}
	for method, read := range reads(t.Context()) {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			told := func(s store.Store) bool {
				t.Helper()
				got, err := read(s)
				if err != nil {
					t.Fatal(err)
				}
				text, err := json.Marshal(got)
				if err != nil {
					t.Fatal(err)
				}
				return strings.Contains(string(text), name)
			}
			inner := openTest(t, "sqlite:"+sqlitetest.File(t))
			s := sealedStore{inner, fixedKeys(keys)}
			aboutSomebody(t, s, name)
			if told(inner) {
				t.Error("it lies open in the database")
			}
			if method == "Claim" { // it has been claimed just now
				inner = openTest(t, "sqlite:"+sqlitetest.File(t))
				s = sealedStore{inner, fixedKeys(keys)}
				aboutSomebody(t, s, name)
			}
			if !told(s) {
				t.Error("it is not opened")
			}
		})
	}
}

// TestWaitingRunsAreOpened: what moves waits for a meeting sees results
// as they are.
func TestWaitingRunsAreOpened(t *testing.T) {
	t.Parallel()
	keys, err := seal.Parse(strings.Repeat("ab", 32))
	if err != nil {
		t.Fatal(err)
	}
	s := sealedStore{openTest(t, "sqlite:"+sqlitetest.File(t)), fixedKeys(keys)}
	now := time.Now()
	accept := func(id string, at time.Time, runs []event.PlannedRun, move func(*event.Run) event.Move) {
		t.Helper()
		body, err := sample.Body(event.TypeScheduled, id, at)
		if err != nil {
			t.Fatal(err)
		}
		if body, err = sample.Set(body, "meeting.id", "m"); err != nil {
			t.Fatal(err)
		}
		ev, err := decode.Event(body)
		if err != nil {
			t.Fatal(err)
		}
		ev.Arrive(at)
		for i := range runs {
			runs[i].MeetingID, runs[i].EventType, runs[i].Organization = ev.Meeting.ID, ev.Type, ev.Organization()
		}
		if _, err := s.Accept(t.Context(), event.Acceptance{Event: ev, Revision: "v", Now: at, Runs: runs, Move: move}); err != nil {
			t.Fatal(err)
		}
	}
	run := event.Run{ID: "run-e1", EventID: "e1", Rule: "r", Revision: "v", Status: event.StatusPending, Due: now, Created: now, Updated: now, Follow: true}
	accept("e1", now, []event.PlannedRun{{Run: run}}, nil)
	claimed, err := s.Claim(t.Context(), "me", now, now.Add(time.Minute), 1)
	if err != nil || len(claimed) != 1 {
		t.Fatalf("%d runs claimed, %v", len(claimed), err)
	}
	waits := claimed[0]
	waits.Status, waits.Follow, waits.Due, waits.Results = event.StatusWaiting, true, now.Add(time.Hour), map[string]json.RawMessage{"a": json.RawMessage(`{"until":"then"}`)}
	if err := s.Record(t.Context(), event.Progress{Run: waits, Owner: "me"}); err != nil {
		t.Fatal(err)
	}
	var seen string
	accept("e2", now.Add(time.Minute), nil, func(r *event.Run) event.Move {
		seen = string(r.Results["a"])
		return event.Move{}
	})
	if seen != `{"until":"then"}` {
		t.Errorf("a waiting run has the result %q", seen)
	}
}

// TestRawEventsAreOpened: an event that is decoded later is the one that is decoded
// at once.
func TestRawEventsAreOpened(t *testing.T) {
	t.Parallel()
	const name = "jane-of-globex@globex.example"
	keys, err := seal.Parse(strings.Repeat("ab", 32))
	if err != nil {
		t.Fatal(err)
	}
	inner := openTest(t, "sqlite:"+sqlitetest.File(t))
	for _, s := range []store.Store{sealedStore{inner, fixedKeys(keys)}, sealedStore{inner, nil}} {
		if ring := s.(sealedStore).ring; ring != nil {
			aboutSomebody(t, s, name)
		}
		want, err := s.Events(t.Context(), event.EventFilter{})
		if err != nil || len(want) != 3 {
			t.Fatalf("%d events, %v", len(want), err)
		}
		raw, err := s.Events(t.Context(), event.EventFilter{Raw: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range raw {
			decode.Stored(r)
		}
		if diff := cmp.Diff(want, raw, cmpopts.IgnoreUnexported(event.Event{})); diff != "" {
			t.Errorf("(-at once +later)\n%s", diff)
		}
	}
}
