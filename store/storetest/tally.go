package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store"
)

func tallyTests() map[string]func(*world) {
	return map[string]func(*world){
		"what happens is counted":                 tallyAll,
		"counts of all machines add up":           tallyMachines,
		"counts outlive a restart":                tallyRestart,
		"old counts are forgotten":                tallyForgets,
		"counts are kept by day":                  tallyDays,
		"calls are counted by how long they took": tallyCalls,
		"what is refused or undone counts once":   tallyOnce,
	}
}

// tallied is what was counted since a minute: minute of the span, kind, name,
// detail and count.
func (w *world) tallied(s store.Store, since int) string {
	w.Helper()
	list, err := s.Tallies(w.Context(), at(since))
	w.must(err)
	var lines []string
	for _, t := range list {
		lines = append(lines, strings.Join(strings.Fields(fmt.Sprint(
			int(t.Start.Sub(at(0)).Minutes()), " ", t.Kind, " ", t.Name, " ", t.Detail, " ", t.Count)), " "))
	}
	return strings.Join(lines, "\n")
}

func planOf(ev *event.Event, id, rule string) event.PlannedRun {
	p := plan(ev, id)
	p.Rule = rule
	return p
}

func tallyAll(w *world) {
	a := w.scheduled("a", "m1", 0)
	asleepRun := asleep(planOf(a, "1", "remind"), 500)
	broken := planOf(a, "2", "alert")
	broken.Status, broken.Finished = event.StatusFailed, at(0)
	w.acceptMine("me", a, asleepRun, broken, planOf(a, "3", "alert"))
	w.accept(w.scheduled("a", "m1", 31)) // a repeat
	r := w.run("3")
	failed := event.Attempt{RunID: "3", ActionID: "x", Kind: "http", Connection: "crm", Try: 1, Started: at(40), Ended: at(40), Outcome: event.OutcomeFailed, Cause: event.CauseServer}
	plain := failed
	plain.Connection = ""
	r.Status, r.Finished, r.Updated = event.StatusSucceeded, at(40), at(40)
	w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "me", Attempts: []event.Attempt{failed, failed, plain}}))
	cancel := w.occurrence("b", event.TypeCanceled, "m1", 65)
	w.acceptance(event.Acceptance{Event: cancel, Revision: "r1", Now: at(65), Move: func(*event.Run) event.Move {
		return event.Move{Action: event.MoveDrop, Reason: "gone"}
	}})
	w.equal("all", w.tallied(w, 0), strings.Join([]string{
		"0 end alert failed 1", "0 event scheduling.smartscheduler.scheduled 1", "0 match alert 2", "0 match remind 1",
		"30 call crm 1 2", "30 end alert succeeded 1", "30 fail crm server 2", "30 fail http server 1",
		"60 end remind canceled 1", "60 event scheduling.smartscheduler.canceled 1",
	}, "\n"))
	w.equal("since the middle of a span", w.tallied(w, 75), "60 end remind canceled 1\n60 event scheduling.smartscheduler.canceled 1")

	w.must(w.RetryRun(w.Context(), "2", at(95), "by hand"))
	w.must(w.CancelRun(w.Context(), "2", at(96), "by hand"))
	w.equal("by hand", w.tallied(w, 90), "90 end alert canceled 1")
}

func tallyMachines(w *world) {
	const each = 40
	machines := []store.Store{w.Store, w.db(w.T), w.db(w.T)}
	var callers sync.WaitGroup
	for m, s := range machines {
		for i := range each {
			ev := w.scheduled(fmt.Sprintf("e%d-%d", m, i), fmt.Sprintf("m%d-%d", m, i), 0)
			callers.Go(func() {
				run := planOf(ev, "run of "+ev.ID, "alert")
				_, err := s.Accept(w.Context(), event.Acceptance{Event: ev, Revision: "r1", Now: at(0), Runs: []event.PlannedRun{run}})
				if err != nil {
					w.Error(err)
				}
			})
		}
	}
	callers.Wait()
	want := fmt.Sprintf("0 event %s %d\n0 match alert %d", event.TypeScheduled, 3*each, 3*each)
	for _, s := range machines {
		w.equal("counts", w.tallied(s, 0), want)
	}
}

func tallyRestart(w *world) {
	w.accept(w.scheduled("a", "m1", 0))
	w.must(w.Close())
	again := w.db(w.T)
	w.equal("after a restart", w.tallied(again, 0), "0 event "+event.TypeScheduled+" 1")
	_, err := again.Accept(w.Context(), event.Acceptance{Event: w.scheduled("b", "m2", 1), Revision: "r1", Now: at(1)})
	w.must(err)
	w.equal("gone on with", w.tallied(again, 0), "0 event "+event.TypeScheduled+" 2")
}

func tallyForgets(w *world) {
	day := int((24 * time.Hour).Minutes())
	w.accept(w.scheduled("a", "m1", 0))
	w.accept(w.scheduled("b", "m2", day))
	w.equal("a day later", len(strings.Split(w.tallied(w, 0), "\n")), 2)
	w.accept(w.scheduled("c", "m3", 2*day+30))
	w.equal("two days later", strings.Split(w.tallied(w, 0), "\n")[0], fmt.Sprintf("%d event %s 1", day, event.TypeScheduled))
}

// hourly is what was counted by hours: hour, kind, name and count.
func (w *world) hourly(since int) string {
	w.Helper()
	list, err := w.Hourly(w.Context(), at(since))
	w.must(err)
	var lines []string
	for _, t := range list {
		lines = append(lines, fmt.Sprint(int(t.Start.Sub(at(0).UTC().Truncate(time.Hour)).Hours()), " ", t.Kind, " ", t.Name, " ", t.Count))
	}
	return strings.Join(lines, "\n")
}

// daily is what was counted by days: day, kind, name, detail and count.
func (w *world) daily(since int) string {
	w.Helper()
	list, err := w.Daily(w.Context(), at(since))
	w.must(err)
	first := at(0).UTC().Truncate(24 * time.Hour)
	var lines []string
	for _, t := range list {
		lines = append(lines, strings.Join(strings.Fields(fmt.Sprint(
			int(t.Start.Sub(first).Hours()/24), " ", t.Kind, " ", t.Name, " ", t.Detail, " ", t.Count)), " "))
	}
	return strings.Join(lines, "\n")
}

func tallyDays(w *world) {
	day, keep := int((24 * time.Hour).Minutes()), int(event.DailyKeep.Minutes())
	line := func(n, count int) string { return fmt.Sprintf("%d event %s %d", n, event.TypeScheduled, count) }
	w.accept(w.scheduled("a", "m1", 0))
	w.accept(w.scheduled("b", "m2", 30))
	w.equal("of spans alone", w.daily(0), line(0, 2))
	w.accept(w.scheduled("c", "m3", 3*day))
	w.equal("spans that are gone", w.tallied(w, 0), fmt.Sprintf("%d event %s 1", 3*day, event.TypeScheduled))
	w.equal("still count", w.daily(0), line(0, 2)+"\n"+line(3, 1))
	w.accept(w.scheduled("d", "m4", 2)) // of a clock that is behind
	w.accept(w.scheduled("e", "m5", 6*day))
	w.equal("added to a day", w.daily(0), line(0, 3)+"\n"+line(3, 1)+"\n"+line(6, 1))
	w.equal("of the last days", w.daily(2*day), line(3, 1)+"\n"+line(6, 1))
	w.accept(w.scheduled("f", "m6", keep+5*day))
	w.equal("days that are too old", w.daily(0), line(6, 1)+"\n"+line(keep/day+5, 1))
}

func tallyCalls(w *world) {
	a := w.scheduled("a", "m1", 0)
	w.acceptMine("me", a, planOf(a, "1", "alert"))
	r := w.run("1")
	r.Status, r.Finished, r.Updated = event.StatusSucceeded, at(1), at(1)
	call := func(took time.Duration, o event.Outcome, c event.Cause, connection string) event.Attempt {
		return event.Attempt{RunID: "1", ActionID: "x", Kind: "http", Connection: connection, Started: at(1).Add(-took), Ended: at(1), Outcome: o, Cause: c}
	}
	w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "me", Attempts: []event.Attempt{
		call(170*time.Millisecond, event.OutcomeSucceeded, "", "crm"), call(190*time.Millisecond, event.OutcomeFailed, event.CauseServer, "crm"),
		call(10*time.Second, event.OutcomeUnknown, event.CauseTimeout, "crm"), call(time.Second, event.OutcomeSucceeded, "", ""),
		call(0, event.OutcomeFailed, event.CauseExpression, "crm"), call(0, event.OutcomeWaited, "", "crm"), call(0, event.OutcomeUnknown, "", "crm"),
	}}))
	var calls []string
	for _, line := range strings.Split(w.tallied(w, 0), "\n") {
		if strings.Contains(line, " call ") {
			calls = append(calls, line)
		}
	}
	w.equal("calls", strings.Join(calls, "\n"), "0 call crm 12288 1\n0 call crm 192 2")
	w.equal("by hour", w.hourly(0), "0 call crm 3\n0 fail crm 3")
	day := int((24 * time.Hour).Minutes())
	w.accept(w.scheduled("b", "m2", 3*day))
	w.equal("by hour, when the spans are gone", w.hourly(0), "0 call crm 3\n0 fail crm 3")
	w.equal("by hour, of later hours", w.hourly(60), "")
	w.accept(w.scheduled("c", "m3", 9*day))
	w.equal("hours that are too old", w.hourly(0), "")
}

func tallyOnce(w *world) {
	a := w.scheduled("a", "m1", 0)
	w.acceptMine("me", a, planOf(a, "1", "alert"))
	r := w.run("1")
	r.Status, r.Finished, r.Updated = event.StatusFailed, at(1), at(1)
	w.must(w.Record(w.Context(), event.Progress{Run: r, Owner: "me"}))
	if err := w.Record(w.Context(), event.Progress{Run: r, Owner: "me"}); err == nil {
		w.Error("a run that has ended was recorded again")
	}
	// Two runs of one id: all of the event is refused.
	b := w.scheduled("b", "m2", 2)
	if _, err := w.Accept(w.Context(), event.Acceptance{Event: b, Revision: "r1", Now: at(2), Runs: []event.PlannedRun{planOf(b, "2", "alert"), planOf(b, "1", "alert")}}); err == nil {
		w.Error("two runs of one id were accepted")
	}
	lines := strings.Split(w.tallied(w, 0), "\n")
	slices.Sort(lines)
	w.equal("counts", lines, []string{"0 end alert failed 1", "0 event " + event.TypeScheduled + " 1", "0 match alert 1"})
}

func factsTests() map[string]func(*world) {
	return map[string]func(*world){
		"facts are kept":                            factsKept,
		"facts of changed events are refused":       factsRefused,
		"facts go with what is erased or deleted":   factsForgotten,
		"follow-ups are counted by rule and status": followUps,
	}
}

// blocks lists what is kept, in short: block, events, minute of the newest, data.
func (w *world) blocks(after int64, since, limit int) string {
	w.Helper()
	list, err := w.Facts(w.Context(), after, at(since), limit)
	w.must(err)
	var lines []string
	for _, f := range list {
		lines = append(lines, fmt.Sprint(f.Block, " ", f.Events, " ", int(f.Newest.Sub(at(0)).Minutes()), " ", string(f.Data)))
	}
	return strings.Join(lines, "\n")
}

// save stores a block and reports whether it was stored.
func (w *world) save(block int64, events, newest int, data string, erasures int64) bool {
	w.Helper()
	ok, err := w.SaveFacts(w.Context(), event.Facts{Block: block, Events: events, Newest: at(newest), Data: []byte(data)}, erasures)
	w.must(err)
	return ok
}

func factsKept(w *world) {
	n, err := w.Numbers(w.Context())
	w.must(err)
	w.equal("numbers of nothing", n, event.Numbers{Loose: n.Loose})
	w.equal("blocks of nothing", w.blocks(-1, 0, 10), "")
	first := w.accept(w.scheduled("a", "m1", 0))
	second := w.accept(w.scheduled("b", "m2", 1))
	n, err = w.Numbers(w.Context())
	w.must(err)
	w.equal("numbers", n, event.Numbers{First: first.Seq, Last: second.Seq, Loose: n.Loose})

	w.equal("saved", w.save(0, 2, 1, "first", 0), true)
	w.equal("an empty block", w.save(7, 0, 30, "second", 0), true)
	w.equal("all", w.blocks(-1, 0, 10), "0 2 1 first\n7 0 30 second")
	w.equal("after one", w.blocks(0, 0, 10), "7 0 30 second")
	w.equal("at most one", w.blocks(-1, 0, 1), "0 2 1 first")
	w.equal("as old as asked for", w.blocks(-1, 1, 10), "0 2 1 first\n7 0 30 second")
	w.equal("older without data", w.blocks(-1, 2, 10), "0 2 1 \n7 0 30 second")
	list, err := w.Facts(w.Context(), -1, at(2), 1)
	w.must(err)
	w.equal("which is missing, not empty", list[0].Data == nil, true)
	w.equal("saved again", w.save(0, 2, 1, "third", 0), true)
	w.equal("replaced", w.blocks(-1, 0, 1), "0 2 1 third")
}

func factsRefused(w *world) {
	w.accept(w.scheduled("a", "m1", 0))
	w.equal("an event too many", w.save(0, 2, 0, "x", 0), false)
	w.equal("an event too few", w.save(0, 0, 0, "x", 0), false)
	w.must(w.Erase(w.Context(), "a", []byte(`{"eventId":"a"}`), "asked"))
	n, err := w.Numbers(w.Context())
	w.must(err)
	w.equal("erasures", n.Erasures, int64(1))
	w.equal("read before an event was erased", w.save(0, 1, 0, "x", 0), false)
	w.equal("nothing is kept", w.blocks(-1, 0, 10), "")
	w.equal("read since", w.save(0, 1, 0, "x", 1), true)
}

func factsForgotten(w *world) {
	w.accept(w.scheduled("a", "m1", 0))
	w.accept(w.scheduled("b", "m2", 100))
	w.equal("saved", w.save(0, 2, 100, "x", 0), true)
	w.equal("another", w.save(3, 0, 200, "y", 0), true)
	w.must(w.Erase(w.Context(), "a", []byte(`{"eventId":"a"}`), "asked"))
	w.equal("after erasing", w.blocks(-1, 0, 10), "3 0 200 y")
	w.equal("saved again", w.save(0, 2, 100, "x", 1), true)
	if n, err := w.Prune(w.Context(), at(50), 10); n != 1 || err != nil {
		w.Fatalf("%d pruned, %v", n, err)
	}
	w.equal("after pruning", w.blocks(-1, 0, 10), "3 0 200 y")
	w.equal("saved once more", w.save(0, 1, 100, "x", 1), true)
	rec, err := w.Event(w.Context(), "b")
	w.must(err)
	if n, err := w.PruneEvents(w.Context(), []event.Ref{{Seq: rec.Seq, ID: "b"}}); n != 1 || err != nil {
		w.Fatalf("%d pruned, %v", n, err)
	}
	w.equal("after archiving", w.blocks(-1, 0, 10), "3 0 200 y")
}

func followUps(w *world) {
	counted := func(since, until int) string {
		from := at(since)
		if since < 0 {
			from = time.Time{}
		}
		list, err := w.FollowUps(w.Context(), from, at(until))
		w.must(err)
		var lines []string
		for _, f := range list {
			lines = append(lines, fmt.Sprint(f.Rule, " ", f.Status, " ", f.Count))
		}
		return strings.Join(lines, ", ")
	}
	w.equal("nothing", counted(-1, 1000), "")
	for i := range 6 {
		ev := w.scheduled(fmt.Sprint("e", i), fmt.Sprint("m", i), 10*i)
		follows, other, shadow := asleep(planOf(ev, fmt.Sprint(i, "a"), fmt.Sprint("rule", i%2)), 500), planOf(ev, fmt.Sprint(i, "b"), "rule0"), asleep(planOf(ev, fmt.Sprint(i, "c"), "rule0"), 500)
		shadow.Shadow = true
		w.accept(ev, follows, other, shadow)
	}
	w.equal("all", counted(-1, 1000), "rule0 waiting 3, rule1 waiting 3")
	w.equal("from a moment until before another", counted(10, 40), "rule0 waiting 1, rule1 waiting 2")
	w.must(w.CancelRun(w.Context(), "1a", at(70), "by hand"))
	w.equal("one is canceled", counted(-1, 1000), "rule0 waiting 3, rule1 canceled 1, rule1 waiting 2")
}
