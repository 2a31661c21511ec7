package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
)

func readTests() map[string]func(*world) {
	return map[string]func(*world){
		"events are listed":            listEvents,
		"runs are listed":              listRuns,
		"runs are listed as due":       listDue,
		"runs are known by their rule": ruleRuns,
		"results are listed on demand": listResults,
		"a list is bounded by default": defaultLimit,
		"a body that decodes no more":  undecodable,
		"what rules did is told":       ruleActivity,
		"hours with events are told":   eventHours,
		"lists are bounded by bytes":   listsByBytes,
	}
}

func listEvents(w *world) {
	w.accept(w.scheduled("a", "m1", 0))
	w.accept(w.occurrence("b", event.TypeCanceled, "m1", 10))
	c := w.occurrence("c", "scheduling.other", "m1", 20) // not documented, but its data is a meeting
	w.accept(c, plan(c, "run"))
	w.accept(w.occurrence("d", event.TypeSettingChanged, "", 30))
	seq := map[string]int64{}
	list := func(f event.EventFilter) string {
		w.Helper()
		records, err := w.Events(w.Context(), f)
		w.must(err)
		var names []string
		for _, r := range records {
			names = append(names, r.Event.ID)
			seq[r.Event.ID] = r.Seq
		}
		return strings.Join(names, "")
	}
	w.equal("all, newest first", list(event.EventFilter{}), "dcba")
	w.equal("oldest first", list(event.EventFilter{OldestFirst: true}), "abcd")
	w.equal("type", list(event.EventFilter{Type: event.TypeCanceled}), "b")
	w.equal("pattern", list(event.EventFilter{Type: "scheduling.*"}), "cba")
	w.equal("any", list(event.EventFilter{Type: "*"}), "dcba")
	w.equal("no wildcard of SQL", list(event.EventFilter{Type: "sch%*"}), "")
	w.equal("meeting", list(event.EventFilter{MeetingID: "m1"}), "cba")
	w.equal("since", list(event.EventFilter{Since: at(10)}), "dcb")
	w.equal("until", list(event.EventFilter{Until: at(10)}), "a")
	w.equal("limit", list(event.EventFilter{Limit: 2}), "dc")
	w.equal("before", list(event.EventFilter{Before: seq["c"]}), "ba")
	w.equal("after", list(event.EventFilter{After: seq["b"]}), "cd")
	w.accept(w.occurrence("e", event.TypeCanceled, "m1", 15)) // received late
	w.equal("by time", list(event.EventFilter{Behind: &event.Place{}}), "abecd")
	w.equal("behind a place", list(event.EventFilter{Behind: &event.Place{Received: at(10), Seq: seq["b"]}}), "ecd")
	w.equal("behind a moment", list(event.EventFilter{Behind: &event.Place{Received: at(10)}, Until: at(30)}), "bec")
	w.accept(w.occurrence("b", event.TypeCanceled, "m1", 40)) // again
	w.accept(w.scheduled("f", "m1", 5))                       // late
	w.equal("matched", list(event.EventFilter{Fate: event.FateMatched}), "c")
	w.equal("unmatched", list(event.EventFilter{Fate: event.FateUnmatched}), "fedba")
	w.equal("late", list(event.EventFilter{Fate: event.FateLate}), "fe")
	w.equal("repeated", list(event.EventFilter{Fate: event.FateRepeated}), "b")
	w.equal("matched of a type", list(event.EventFilter{Fate: event.FateMatched, Type: "scheduling.other"}), "c")
	w.equal("matched of another", list(event.EventFilter{Fate: event.FateMatched, Type: event.TypeScheduled}), "")
	w.equal("unmatched of a pattern", list(event.EventFilter{Fate: event.FateUnmatched, Type: "scheduling.*"}), "feba")
	w.equal("unmatched of any", list(event.EventFilter{Fate: event.FateUnmatched, Type: "*", Limit: 2}), "fe")
	w.equal("unmatched of a meeting", list(event.EventFilter{Fate: event.FateUnmatched, MeetingID: "m1"}), "feba")
	w.equal("late of a type", list(event.EventFilter{Fate: event.FateLate, Type: event.TypeScheduled}), "f")
	w.equal("late of another", list(event.EventFilter{Fate: event.FateLate, Type: event.TypeCanceled}), "e")
	w.equal("no such type", list(event.EventFilter{Type: "none"}), "")
	w.equal("no such pattern", list(event.EventFilter{Type: "none.*"}), "")
	w.equal("type before", list(event.EventFilter{Type: event.TypeScheduled, Before: seq["f"]}), "a")
	w.equal("by number", list(event.EventFilter{Seqs: []int64{seq["a"], seq["d"]}}), "da")
	w.equal("by no number", list(event.EventFilter{Seqs: []int64{}}), "")
	w.equal("by id", list(event.EventFilter{IDs: []string{"a", "d", "z"}}), "da")
	w.equal("by time, whatever the order", list(event.EventFilter{Until: at(6)}), "fa")
	w.equal("type by time", list(event.EventFilter{Type: event.TypeScheduled, Since: at(1), Until: at(10)}), "f")
	w.equal("pattern by time", list(event.EventFilter{Type: "scheduling.*", Since: at(5), Until: at(20)}), "feb")
	w.equal("fate by time", list(event.EventFilter{Fate: event.FateUnmatched, Since: at(30)}), "d")
	w.equal("time without any", list(event.EventFilter{Since: at(900)}), "")
	w.equal("together", list(event.EventFilter{Type: "scheduling.*", Since: at(5), OldestFirst: true, Limit: 1}), "b")
}

// listResults: results can be large, so a list has them only when it is asked.
func listResults(w *world) {
	w.accept(w.scheduled("a", "m1", 0), plan(w.scheduled("a", "m1", 0), "1"))
	run := w.claimRuns("me", 0)[0]
	run.Status, run.Finished = event.StatusSucceeded, at(1)
	run.Results = map[string]json.RawMessage{"find": json.RawMessage(`{"status":200}`)}
	w.must(w.Record(w.Context(), event.Progress{Run: run, Owner: "me"}))
	for _, f := range []event.RunFilter{{}, {EventID: "a"}, {Rule: "rule of 1", OldestFirst: true}} {
		for _, asked := range []bool{false, true} {
			f.Results = asked
			runs, err := w.Runs(w.Context(), f)
			w.must(err)
			w.equal("runs", len(runs), 1)
			w.equal("has results", len(runs[0].Results) > 0, asked)
		}
	}
}

func listRuns(w *world) {
	a := w.scheduled("a", "m1", 0)
	shadow := plan(a, "2")
	shadow.Shadow = true
	w.accept(a, plan(a, "1"), shadow)
	b := w.scheduled("b", "m2", 10)
	w.accept(b, asleep(plan(b, "3"), 50), plan(b, "4"))
	yes, no := true, false
	list := func(f event.RunFilter) string {
		w.Helper()
		runs, err := w.Runs(w.Context(), f)
		w.must(err)
		return ids(runs)
	}
	w.equal("all, newest first", list(event.RunFilter{}), "4 3 2 1")
	w.equal("status", list(event.RunFilter{Statuses: []event.Status{event.StatusWaiting}}), "3")
	w.equal("statuses", list(event.RunFilter{Statuses: []event.Status{event.StatusWaiting, event.StatusPending}}), "4 3 2 1")
	w.equal("rule", list(event.RunFilter{Rule: "rule of 2"}), "2")
	w.equal("event", list(event.RunFilter{EventID: "a"}), "2 1")
	w.equal("meeting", list(event.RunFilter{MeetingID: "m2"}), "4 3")
	w.equal("rule and status", list(event.RunFilter{Rule: "rule of 3", Statuses: []event.Status{event.StatusWaiting, event.StatusSucceeded}}), "3")
	w.equal("rule and another status", list(event.RunFilter{Rule: "rule of 3", Statuses: []event.Status{event.StatusPending, event.StatusSucceeded}}), "")
	w.equal("rule and a passing status", list(event.RunFilter{Rule: "rule of 4", Statuses: []event.Status{event.StatusPending}}), "4")
	w.equal("a rule's name is no SQL", list(event.RunFilter{Rule: "' OR '1'='1", Statuses: []event.Status{event.StatusPending}}), "")
	w.equal("rule before", list(event.RunFilter{Rule: "rule of 3", Before: "3"}), "")
	w.equal("status before", list(event.RunFilter{Statuses: []event.Status{event.StatusPending}, Before: "4"}), "2 1")
	w.equal("status since", list(event.RunFilter{Statuses: []event.Status{event.StatusPending}, Since: at(10)}), "4")
	w.equal("status until, oldest first", list(event.RunFilter{Statuses: []event.Status{event.StatusPending}, Until: at(10), OldestFirst: true}), "1 2")
	w.equal("shadow of a status", list(event.RunFilter{Statuses: []event.Status{event.StatusPending}, Shadow: &yes}), "2")
	w.equal("shadow", list(event.RunFilter{Shadow: &yes}), "2")
	w.equal("not shadow", list(event.RunFilter{Shadow: &no}), "4 3 1")
	w.equal("since", list(event.RunFilter{Since: at(10)}), "4 3")
	w.equal("until", list(event.RunFilter{Until: at(10)}), "2 1")
	w.equal("before", list(event.RunFilter{Before: "3"}), "2 1")
	w.equal("after", list(event.RunFilter{After: "2"}), "3 4")
	w.equal("oldest first", list(event.RunFilter{OldestFirst: true, Limit: 3}), "1 2 3")
	w.equal("limit", list(event.RunFilter{Limit: 1}), "4")
	w.equal("together", list(event.RunFilter{MeetingID: "m2", Statuses: []event.Status{event.StatusPending}}), "4")
}

// ruleRuns asks for rules by what they have stored.
func ruleRuns(w *world) {
	for i, status := range []event.Status{event.StatusSucceeded, event.StatusFailed, event.StatusSucceeded, event.StatusSucceeded} {
		ev := w.scheduled(fmt.Sprint("e", i), fmt.Sprint("m", i), i)
		w.acceptMine("me", ev, planOf(ev, fmt.Sprint(i), "a"))
		w.finish("me", fmt.Sprint(i), status, i+10)
	}
	ev := w.scheduled("e9", "m9", 9)
	w.accept(ev, planOf(ev, "8", "a"), planOf(ev, "9", "b'; --"))
	asked := func(f event.RulesFilter) string {
		w.Helper()
		list, err := w.RuleRuns(w.Context(), f)
		w.must(err)
		var lines []string
		for _, r := range list {
			lines = append(lines, fmt.Sprint(r.Rule, " ", r.Status, " ", r.Count, " ", r.Newest, " ", int(r.Created.Sub(at(0)).Minutes()), " ", int(r.Updated.Sub(at(0)).Minutes())))
		}
		slices.Sort(lines)
		return strings.Join(lines, ", ")
	}
	w.equal("no rule", asked(event.RulesFilter{}), "")
	w.equal("all statuses", asked(event.RulesFilter{Rules: []string{"a", "b'; --", "c"}, Most: 10}),
		"a failed 1 1 1 11, a pending 1 8 9 9, a succeeded 3 3 3 13, b'; -- pending 1 9 9 9")
	w.equal("some", asked(event.RulesFilter{Rules: []string{"a"}, Statuses: []event.Status{event.StatusSucceeded, event.StatusWaiting}, Most: 2}), "a succeeded 2 3 3 13")
	w.equal("one is enough", asked(event.RulesFilter{Rules: []string{"a"}, Statuses: []event.Status{event.StatusSucceeded}}), "a succeeded 1 3 3 13")
}

// listDue has a run of each state that matters: due now, behind another in its
// lane, and in a wait.
func listDue(w *world) {
	a, b := w.scheduled("a", "m1", 0), w.scheduled("b", "m1", 10)
	w.accept(a, plan(a, "1"), asleep(plan(a, "2"), 90))
	w.accept(b, plan(b, "3"), asleep(plan(b, "4"), 50), asleep(plan(b, "5"), 50))
	list := func(f event.RunFilter) string {
		w.Helper()
		f.Sort = event.SortDue
		runs, err := w.Runs(w.Context(), f)
		w.must(err)
		return ids(runs)
	}
	waiting, failed := []event.Status{event.StatusWaiting}, []event.Status{event.StatusFailed}
	w.equal("all, the next one first", list(event.RunFilter{}), "1 3 4 5 2")
	w.equal("limit", list(event.RunFilter{Limit: 2}), "1 3")
	w.equal("waiting", list(event.RunFilter{Statuses: waiting}), "4 5 2")
	w.equal("ended", list(event.RunFilter{Statuses: failed}), "")
	w.equal("before", list(event.RunFilter{Statuses: waiting, DueBefore: at(90)}), "4 5")
	w.equal("behind one of the same time", list(event.RunFilter{Behind: &event.RunPlace{Due: at(50), ID: "4"}}), "5 2")
	w.equal("rule", list(event.RunFilter{Rule: "rule of 4"}), "4")
	w.equal("rule, pending", list(event.RunFilter{Rule: "rule of 3"}), "3")
	w.equal("event", list(event.RunFilter{EventID: "b"}), "3 4 5")
	w.equal("meeting and rule", list(event.RunFilter{MeetingID: "m1", Rule: "rule of 2"}), "2")
	runs, err := w.Runs(w.Context(), event.RunFilter{DueBefore: at(60), Statuses: waiting})
	w.must(err)
	w.equal("newest first, due before", ids(runs), "5 4")
}

// listsHeld looks for runs 2 and 1, which are due in this order, by the pause.
func (w *world) listsHeld(key event.PauseKey) {
	w.Helper()
	list := func(f event.RunFilter) string {
		w.Helper()
		f.Held = key
		runs, err := w.Runs(w.Context(), f)
		w.must(err)
		return ids(runs)
	}
	w.equal("newest first", list(event.RunFilter{}), "2 1")
	w.equal("by due time", list(event.RunFilter{Sort: event.SortDue}), "2 1")
	w.equal("of a page", list(event.RunFilter{Sort: event.SortDue, Limit: 1}), "2")
	w.equal("of the next one", list(event.RunFilter{Sort: event.SortDue, Behind: &event.RunPlace{Due: at(3), ID: "2"}}), "1")
	w.equal("in a state", list(event.RunFilter{Sort: event.SortDue, Statuses: []event.Status{event.StatusPending}}), "")
	w.equal("of a rule", list(event.RunFilter{Sort: event.SortDue, Rule: "rule of 1"}), "1")
	w.equal("of another rule", list(event.RunFilter{Sort: event.SortDue, Rule: "rule of 3"}), "")
	w.equal("of an event", list(event.RunFilter{Sort: event.SortDue, EventID: "e2"}), "2")
}

func defaultLimit(w *world) {
	for i := range 60 {
		ev := w.scheduled(fmt.Sprintf("e%02d", i), "m1", i)
		w.accept(ev, plan(ev, fmt.Sprintf("%02d", i)))
	}
	events, err := w.Events(w.Context(), event.EventFilter{})
	w.must(err)
	w.equal("events", len(events), 50)
	runs, err := w.Runs(w.Context(), event.RunFilter{})
	w.must(err)
	w.equal("runs", len(runs), 50)
}

func undecodable(w *world) {
	ev := w.scheduled("e1", "m1", 3)
	ev.Body = []byte("\xff\x00 no event")
	w.accept(ev)
	rec, err := w.Event(w.Context(), "e1")
	w.must(err)
	got := rec.Event
	w.equal("envelope", got.Envelope, event.Envelope{OrganizationGUID: "acme", ID: "e1", Type: event.TypeScheduled, Timestamp: at(3)})
	w.equal("meeting", got.Meeting.ID, "m1")
	w.equal("body", string(got.Body), "\xff\x00 no event")
}

func ruleActivity(w *world) {
	if _, err := w.NewestRevision(w.Context()); !errors.Is(err, event.ErrNotFound) {
		w.Errorf("the newest of no revisions: got %v, want ErrNotFound", err)
	}
	w.must(w.SaveRevision(w.Context(), "r1", []byte("one"), at(0)))
	w.must(w.SaveRevision(w.Context(), "r2", []byte("two"), at(1)))
	w.must(w.SaveRevision(w.Context(), "r1", []byte("one"), at(2)))
	w.must(w.SaveRevision(w.Context(), "r1", []byte("one"), at(3))) // still in force: since at(2)
	newest, err := w.NewestRevision(w.Context())
	w.must(err)
	w.equal("newest", *newest, event.RevisionRecord{Revision: "r1", Sources: []byte("one"), Saved: at(2)})

	activity := func() []event.RuleActivity {
		w.Helper()
		list, err := w.Activity(w.Context())
		w.must(err)
		return list
	}
	w.equal("no runs", len(activity()), 0)
	for minute, windows := range [][]event.Window{{threshold("", 2, 60)}, {threshold("", 2, 60)}, {threshold("", 2, 60)}} {
		ev := w.scheduled(fmt.Sprint("e", minute), fmt.Sprint("m", minute), minute)
		counted, plain := plan(ev, fmt.Sprint("c", minute)), plan(ev, fmt.Sprint("p", minute))
		counted.Rule, counted.Windows, plain.Rule = "spike", windows, "alert"
		w.accept(ev, counted, plain)
	}
	w.equal("activity", activity(), []event.RuleActivity{
		{Rule: "alert", Runs: 3, Last: at(2)}, {Rule: "spike", Runs: 1, Skipped: 2, Last: at(1)},
	})
}

func eventHours(w *world) {
	hours := func(since int) []time.Time {
		w.Helper()
		list, err := w.EventHours(w.Context(), at(since))
		w.must(err)
		return list
	}
	w.equal("no events", len(hours(0)), 0)
	for i, minute := range []int{0, 59, 60, 61, 60 * 24 * 9, 60*24*9 + 59} {
		w.accept(w.scheduled(fmt.Sprint("e", i), "m1", minute))
	}
	w.equal("all", hours(0), []time.Time{at(0), at(60), at(60 * 24 * 9)})
	w.equal("from the middle of an hour", hours(61), []time.Time{at(61), at(60 * 24 * 9)})
	w.equal("none since", len(hours(60*24*10)), 0)
}
