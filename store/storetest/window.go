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

func windowTests() map[string]func(*world) {
	return map[string]func(*world){
		"a threshold starts a run at the count and counts anew": thresholdCounts,
		"a threshold looks at the events' own times":            thresholdOwnTimes,
		"a threshold counts keys, rules and shadows apart":      thresholdApart,
		"a threshold counts a repeated event once":              thresholdRepeats,
		"a threshold is shared by processes":                    thresholdShared,
		"a key may be any text":                                 thresholdHostileKey,
		"a throttle holds runs back and counts them":            throttleHolds,
		"a throttle comes after a threshold":                    throttleAfterThreshold,
		"a throttle is not used up by a late event":             throttleLate,
		"a digest collects until its run is due":                digestCollects,
		"a digest that is claimed or canceled collects no more": digestEnds,
		"a digest shows the newest of many events":              digestMany,
		"events of a sleeping digest are not pruned":            digestPrune,
		"windows are pruned with their events":                  windowPrune,
		"an absence ends when what it awaits comes":             absenceEnds,
		"an absence looks at the events' own times":             absenceOwnTimes,
		"an absence keeps keys, rules and shadows apart":        absenceApart,
		"an absence that has begun to act does not end":         absenceActs,
		"an absence is shared by processes":                     absenceShared,
		"an absence is ended once among many events":            absenceMany,
	}
}

func threshold(key string, count, minutes int) event.Window {
	return event.Window{Kind: event.WindowThreshold, Rule: "spike", Key: key, Label: key, Count: count, Length: time.Duration(minutes) * time.Minute}
}

func throttle(key string, minutes int) event.Window {
	return event.Window{Kind: event.WindowThrottle, Rule: "spike", Key: key, Length: time.Duration(minutes) * time.Minute}
}

func digest(key string, minutes int) event.Window {
	return event.Window{Kind: event.WindowDigest, Rule: "spike", Key: key, Length: time.Duration(minutes) * time.Minute}
}

func absence(key string, minutes int) event.Window {
	return event.Window{Kind: event.WindowAbsence, Rule: "silent", Key: key, Label: key, Of: "booked", Length: time.Duration(minutes) * time.Minute}
}

// comes accepts an event that absences await.
func (w *world) comes(id string, minute int, awaited ...event.Window) event.Receipt {
	w.Helper()
	a := event.Acceptance{Event: w.scheduled(id, "meeting of "+id, minute), Revision: "r1", Now: at(minute)}
	for _, x := range awaited {
		a.Ends = append(a.Ends, event.Ending{Window: x, Reason: "absence: " + id + " came"})
	}
	receipt, err := w.Accept(w.Context(), a)
	w.must(err)
	return receipt
}

func absenceEnds(w *world) {
	olga := absence("olga", 60)
	w.equal("it waits", w.meets("1", 0, olga), "waiting 60 absence: waits until 2026-05-04 10:00:00 UTC for booked for olga")
	w.equal("dropped", w.comes("2", 10, olga).Dropped, 1)
	w.equal("it has come", w.state("1"), "canceled 60 absence: 2 came")
	w.equal("once", w.comes("3", 11, olga).Dropped, 0)
	w.equal("a repeat", w.comes("2", 12, olga).Duplicate, true)
	w.meets("4", 20, olga)
	w.equal("nobody claims it before", w.claim("me", 79), "")
	w.equal("then it runs", w.claim("me", 80), "4")
	history, err := w.Attempts(w.Context(), "1")
	w.must(err)
	w.equal("in the history", history[len(history)-1].Reason, "absence: 2 came")
}

func absenceOwnTimes(w *world) {
	hourly := absence("", 60)
	w.comes("1", 30, hourly)
	w.equal("it has come already", w.meetsAt("late", 0, 40, hourly), "skipped 40 absence: booked came: event 1 at 2026-05-04 09:30:00 UTC")
	w.equal("it came before", w.meetsAt("after", 31, 41, hourly), "waiting 91 absence: waits until 2026-05-04 10:31:00 UTC for booked")
	w.equal("what happened before it", w.comes("2", 30, hourly).Dropped, 0)
	w.equal("what happened after its time", w.comes("3", 92, hourly).Dropped, 0)
	w.equal("at the same time", w.comes("4", 31, hourly).Dropped, 1)
	w.equal("at the end of its time", w.meetsAt("other", 100, 100, hourly), "waiting 160 absence: waits until 2026-05-04 11:40:00 UTC for booked")
	w.equal("dropped", w.comes("5", 160, hourly).Dropped, 1)
	begins := hourly
	begins.Begins = true
	w.equal("it is known already", w.meetsAt("known", 165, 165, begins), "skipped 165 absence: booked came: event 5 at 2026-05-04 11:40:00 UTC")
	w.equal("it was not heard of for long", w.meetsAt("new", 230, 230, begins), "waiting 290 absence: waits until 2026-05-04 13:50:00 UTC for booked")
	w.equal("its time is past", w.meetsAt("past", 200, 300, hourly), "pending 300 absence: no booked until 2026-05-04 13:20:00 UTC")
}

func absenceApart(w *world) {
	olga, shadow, other := absence("olga", 60), absence("olga", 60), absence("olga", 60)
	shadow.Shadow, other.Rule = true, "other"
	w.meets("1", 0, olga)
	w.meets("2", 0, absence("otto", 60))
	w.meets("3", 0, shadow)
	w.meets("4", 0, other)
	w.equal("one", w.comes("5", 10, olga).Dropped, 1)
	w.equal("key", w.state("2")[:7], "waiting")
	w.equal("shadow", w.state("3")[:7], "waiting")
	w.equal("rule", w.state("4")[:7], "waiting")
	w.equal("all", w.comes("6", 11, absence("otto", 60), shadow, other).Dropped, 3)
}

func absenceActs(w *world) {
	hourly := absence("", 60)
	w.meets("1", 0, hourly)
	w.claim("me", 60)
	w.equal("it runs", w.comes("2", 60, hourly).Dropped, 0)
	w.meets("3", 100, hourly)
	w.must(w.CancelRun(w.Context(), "3", at(101), "canceled manually"))
	w.equal("canceled by hand", w.comes("4", 102, hourly).Dropped, 0)
	w.meets("5", 110, hourly)
	w.must(w.RunNow(w.Context(), "5", at(111), "run by hand"))
	w.equal("due, but not claimed", w.comes("6", 112, hourly).Dropped, 1)
}

func absenceShared(w *world) {
	w.meets("1", 0, absence("olga", 60))
	w.Store = w.db(w.T) // another process goes on
	w.equal("by the other process", w.comes("2", 10, absence("olga", 60)).Dropped, 1)
	w.equal("noted by the first", w.meetsAt("late", 5, 20, absence("olga", 60)), "skipped 20 absence: booked came for olga: event 2 at 2026-05-04 09:10:00 UTC")
}

// absenceMany: every event of an owner begins an absence and ends the one before,
// also when many are accepted at once.
func absenceMany(w *world) {
	const events = 40
	stores := []store.Store{w.Store, w.db(w.T)}
	var group sync.WaitGroup
	for i := range events {
		id := fmt.Sprintf("%03d", i)
		ev := w.scheduled(id, "meeting of "+id, i)
		p := plan(ev, id)
		p.Windows = []event.Window{absence("olga", 60)}
		group.Go(func() {
			_, err := stores[i%2].Accept(w.Context(), event.Acceptance{
				Event: ev, Revision: "r1", Now: at(i), Runs: []event.PlannedRun{p},
				Ends: []event.Ending{{Window: absence("olga", 60), Reason: id + " came"}},
			})
			if err != nil {
				w.Errorf("accept %s: %v", id, err)
			}
		})
	}
	group.Wait()
	waiting := []string{}
	for i := range events {
		if id := fmt.Sprintf("%03d", i); strings.HasPrefix(w.state(id), "waiting") {
			waiting = append(waiting, id)
		}
	}
	w.equal("only the newest waits", strings.Join(waiting, " "), "039")
}

// meets accepts an event that happens at a minute and starts one run with the
// given windows; it returns the state of that run. Event and run are called
// alike, and each event has a meeting of its own.
func (w *world) meets(id string, minute int, windows ...event.Window) string {
	w.Helper()
	return w.meetsAt(id, minute, minute, windows...)
}

func (w *world) meetsAt(id string, happened, received int, windows ...event.Window) string {
	w.Helper()
	ev := w.scheduled(id, "meeting of "+id, happened)
	ev.Received = at(received)
	p := plan(ev, id)
	p.Windows = windows
	w.accept(ev, p)
	return w.state(id)
}

func (w *world) gathered(run string) string {
	w.Helper()
	g, err := w.Gathered(w.Context(), run)
	w.must(err)
	names := []string{fmt.Sprint(g.Count)}
	for _, e := range g.Events {
		if e.Meeting.ID != "meeting of "+e.EventID {
			w.Errorf("event %s came with meeting %q", e.EventID, e.Meeting.ID)
		}
		if e.Envelope.ID != e.EventID || e.Change == nil || e.Source() == nil {
			w.Errorf("event %s came with envelope %q, change %v, source %v", e.EventID, e.Envelope.ID, e.Change, e.Source())
		}
		names = append(names, e.EventID)
	}
	return strings.Join(names, " ")
}

func thresholdCounts(w *world) {
	three := threshold("olga", 3, 60)
	w.equal("first", w.meets("1", 0, three), "skipped 0 threshold: 1 of 3 within 1h for olga")
	w.equal("second", w.meets("2", 10, three), "skipped 10 threshold: 2 of 3 within 1h for olga")
	w.equal("what held it back", *w.run("2").HeldBy(), event.Held{Window: event.WindowThreshold, Counted: 2})
	w.equal("beside its results", len(w.run("2").Results), 0)
	w.equal("third", w.meets("3", 20, three), "pending 20 threshold: 3 within 1h for olga")
	w.equal("fourth", w.meets("4", 30, three), "skipped 30 threshold: 1 of 3 within 1h for olga")
	w.equal("fifth", w.meets("5", 40, three), "skipped 40 threshold: 2 of 3 within 1h for olga")
	w.Store = w.db(w.T) // another process goes on
	w.equal("sixth", w.meets("6", 50, three), "pending 50 threshold: 3 within 1h for olga")
	w.equal("to do", w.claim("me", 60), "3 6")
	w.equal("events of the first run", w.gathered("3"), "3 1 2 3")
	w.equal("events of the second run", w.gathered("6"), "3 4 5 6")
	w.equal("a run that counted has none", w.gathered("1"), "0")
	w.equal("it has ended", w.run("1").Finished, at(0))
}

func thresholdOwnTimes(w *world) {
	three := threshold("", 3, 60)
	w.meets("1", 0, three)
	w.meets("2", 59, three)
	w.equal("a minute too late for the first", w.meets("3", 61, three), "skipped 61 threshold: 2 of 3 within 1h")
	w.meets("4", 300, three)
	w.equal("late, and in its own time the third", w.meetsAt("5", 1, 301, three), "pending 301 threshold: 3 within 1h")
	w.equal("its events", w.gathered("5"), "3 1 5 2")
	w.meets("6", 360, three)
	w.equal("at both ends of the hour", w.meetsAt("7", 330, 400, three), "pending 400 threshold: 3 within 1h")
	w.equal("its events too", w.gathered("7"), "3 4 7 6")
}

func thresholdApart(w *world) {
	olga, otto := threshold("olga", 2, 60), threshold("otto", 2, 60)
	other, shadow := olga, olga
	other.Rule, shadow.Shadow = "another", true
	w.meets("1", 0, olga)
	for i, window := range []event.Window{otto, other, shadow} {
		if got := w.meets(fmt.Sprint(2+i), 1, window); !strings.HasPrefix(got, "skipped") {
			w.Errorf("%+v: got %s", window, got)
		}
	}
	w.equal("again", w.meets("5", 2, olga), "pending 2 threshold: 2 within 1h for olga")
	// One event can count for two rules.
	ev := w.scheduled("6", "meeting of 6", 3)
	first, second := plan(ev, "6a"), plan(ev, "6b")
	first.Windows, second.Windows = []event.Window{otto}, []event.Window{other}
	receipt := w.accept(ev, first, second)
	w.equal("ended", len(receipt.EndedAtOnce), 0)
	w.equal("first", w.gathered("6a"), "2 2 6")
	w.equal("second", w.gathered("6b"), "2 3 6")
}

func thresholdRepeats(w *world) {
	two := threshold("", 2, 60)
	w.meets("1", 0, two)
	again := w.scheduled("1", "meeting of 1", 0)
	p := plan(again, "1 again")
	p.Windows = []event.Window{two}
	w.equal("duplicate", w.accept(again, p).Duplicate, true)
	w.equal("the second", w.meets("2", 1, two), "pending 1 threshold: 2 within 1h")
}

// thresholdShared accepts from two processes at once: of a hundred events,
// every fifth starts a run, and each is used exactly once.
func thresholdShared(w *world) {
	const events, count = 100, 5
	stores := []store.Store{w.Store, w.db(w.T)}
	var wg sync.WaitGroup
	for i := range events {
		id := fmt.Sprintf("%03d", i)
		ev := w.scheduled(id, "meeting of "+id, i%60)
		p := plan(ev, id)
		p.Windows = []event.Window{threshold("olga", count, 60)}
		wg.Go(func() {
			a := event.Acceptance{Event: ev, Revision: "r1", Runs: []event.PlannedRun{p}, Now: ev.Received}
			if _, err := stores[i%2].Accept(w.Context(), a); err != nil {
				w.Errorf("accept %s: %v", id, err)
			}
		})
	}
	wg.Wait()
	runs, err := w.Runs(w.Context(), event.RunFilter{Statuses: []event.Status{event.StatusPending}, Limit: events})
	w.must(err)
	w.equal("runs", len(runs), events/count)
	var used []string
	for _, r := range runs {
		used = append(used, strings.Fields(w.gathered(r.ID))[1:]...)
	}
	slices.Sort(used)
	w.equal("events used", len(slices.Compact(used)), events)
}

func thresholdHostileKey(w *world) {
	for i, key := range []string{"a\x00b", "\xff", strings.Repeat("é", 5000), "x\x1fy"} {
		two := threshold(key, 2, 60)
		w.meets(fmt.Sprintf("%d first", i), 0, two)
		got := w.meets(fmt.Sprintf("%d second", i), 1, two)
		w.equal(key[:1], strings.HasPrefix(got, "pending 1 "), true)
	}
	long := strings.Repeat("x", 5000)
	w.meets("long", 0, threshold(long+"1", 2, 60))
	got := w.meets("longer", 1, threshold(long+"2", 2, 60))
	w.equal("keys that differ at their end", strings.HasPrefix(got, "skipped"), true)
}

func throttleHolds(w *world) {
	hourly := throttle("olga", 60)
	w.equal("first", w.meets("1", 0, hourly), "pending 0")
	w.equal("held back", w.meets("2", 30, hourly), "skipped 30 throttled: once in 1h, the next from 2026-05-04 10:00:00 UTC")
	w.equal("by", *w.run("2").HeldBy(), event.Held{Window: event.WindowThrottle, Until: at(60)})
	w.equal("another key", w.meets("3", 31, throttle("otto", 60)), "pending 31")
	w.Store = w.db(w.T) // another process goes on
	w.meets("4", 59, hourly)
	w.equal("after an hour", w.meets("5", 60, hourly), "pending 60")
	w.equal("held back before it", w.run("5").Suppressed(), 2)
	w.equal("held back before the first", w.run("1").Suppressed(), 0)
	w.meets("6", 61, hourly)
	w.meets("7", 500, hourly)
	w.equal("counted anew", w.run("7").Suppressed(), 1)
}

func throttleAfterThreshold(w *world) {
	both := []event.Window{threshold("", 2, 60), throttle("", 60)}
	w.meets("1", 0, both...)
	w.equal("reached", w.meets("2", 1, both...), "pending 1 threshold: 2 within 1h")
	w.equal("counting does not throttle", w.meets("3", 2, both...), "skipped 2 threshold: 1 of 2 within 1h")
	w.equal("reached again, held back", w.meets("4", 3, both...), "skipped 3 throttled: once in 1h, the next from 2026-05-04 10:01:00 UTC")
	w.meets("5", 70, both...)
	w.equal("reached after the hour", w.meets("6", 71, both...), "pending 71 threshold: 2 within 1h")
	w.equal("held back", w.run("6").Suppressed(), 1)
}

func throttleLate(w *world) {
	w.accept(w.scheduled("newer", "meeting of 1", 10))
	late := w.scheduled("1", "meeting of 1", 5)
	late.Received = at(11)
	p := plan(late, "1")
	p.SkipIfLate, p.Windows = true, []event.Window{throttle("", 60)}
	w.accept(late, p)
	w.equal("in time", w.meets("2", 12, throttle("", 60)), "pending 12")
	w.equal("held back", w.run("2").Suppressed(), 0)
}

func digestCollects(w *world) {
	hourly := digest("olga", 60)
	w.equal("first", w.meets("1", 0, hourly), "waiting 60 digest: collects events until 2026-05-04 10:00:00 UTC")
	w.equal("second", w.meets("2", 10, hourly), "skipped 10 in the digest of run 1, due 2026-05-04 10:00:00 UTC")
	w.equal("another key", w.meets("3", 11, digest("otto", 60)), "waiting 71 digest: collects events until 2026-05-04 10:11:00 UTC")
	w.Store = w.db(w.T) // another process goes on
	w.meetsAt("4", 5, 59, hourly)
	w.equal("too early", w.claim("me", 59), "")
	w.equal("after an hour", w.meets("5", 60, hourly), "waiting 120 digest: collects events until 2026-05-04 11:00:00 UTC")
	w.equal("due", w.claim("me", 60), "1")
	w.equal("events in the order of their times", w.gathered("1"), "3 1 4 2")
	w.equal("events of the next", w.gathered("5"), "1 5")
}

func digestEnds(w *world) {
	hourly := digest("", 60)
	w.meets("1", 0, hourly)
	w.equal("claimed by a clock that is ahead", w.claim("me", 61), "1")
	w.equal("after the claim", w.meets("2", 59, hourly), "waiting 119 digest: collects events until 2026-05-04 10:59:00 UTC")
	w.must(w.CancelRun(w.Context(), "2", at(60), "canceled manually"))
	w.equal("after the cancellation", w.meets("3", 61, hourly), "waiting 121 digest: collects events until 2026-05-04 11:01:00 UTC")
	w.must(w.RunNow(w.Context(), "3", at(62), "run by hand"))
	w.meets("4", 63, hourly)
	w.equal("still asleep, so it goes along", w.gathered("3"), "2 3 4")
}

func digestMany(w *world) {
	for i := range event.GatherAtMost + 5 {
		w.meets(fmt.Sprintf("%03d", i), i, digest("", 1000))
	}
	g, err := w.Gathered(w.Context(), "000")
	w.must(err)
	w.equal("all", g.Count, event.GatherAtMost+5)
	w.equal("shown", len(g.Events), event.GatherAtMost)
	w.equal("first", g.Events[0].EventID, "005")
	w.equal("last", g.Events[len(g.Events)-1].EventID, "104")
	w.equal("type", g.Events[0].Type, event.TypeScheduled)
	w.equal("time", g.Events[0].Timestamp, at(5))
}

func digestPrune(w *world) {
	w.meets("1", 0, digest("", 600))
	w.meets("2", 1, digest("", 600))
	pruned := func() int {
		n, err := w.Prune(w.Context(), at(500), 100)
		w.must(err)
		return n
	}
	w.equal("while it sleeps", pruned(), 0)
	w.claim("me", 600)
	w.finish("me", "1", event.StatusSucceeded, 601)
	w.equal("after it ended", pruned(), 2)
	w.equal("nothing left", w.gathered("1"), "0")
}

func windowPrune(w *world) {
	w.meets("1", 0, threshold("", 2, 600), throttle("", 60))
	w.meets("2", 1, throttle("other", 60))
	w.claim("me", 2)
	w.finish("me", "2", event.StatusSucceeded, 3)
	n, err := w.Prune(w.Context(), at(100), 100)
	w.must(err)
	w.equal("pruned", n, 2)
	w.equal("counts anew", w.meets("3", 101, threshold("", 2, 600)), "skipped 101 threshold: 1 of 2 within 10h")
}
