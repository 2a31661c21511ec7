package storetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
)

func pruneTests() map[string]func(*world) {
	return map[string]func(*world){
		"old events go with their runs":             prunes,
		"an event with an unfinished run stays":     pruneKeepsRuns,
		"the events of a meeting that waits stay":   pruneKeepsMeeting,
		"pruning is bounded":                        pruneLimit,
		"its size is known":                         sized,
		"what can be pruned is listed":              prunable,
		"chosen events are pruned":                  pruneEvents,
		"a name is given to one at a time":          exclusive,
		"numbers of pruned events are not used":     pruneNumbers,
		"revisions go when nothing needs them":      pruneRevisions,
		"the newest revision stays though unused":   pruneNewestRevision,
		"a pruned event that comes again starts so": pruneComesAgain,
	}
}

func (w *world) prune(minute int) int {
	w.Helper()
	n, err := w.Prune(w.Context(), at(minute), 1000)
	w.must(err)
	return n
}

func prunes(w *world) {
	old := w.scheduled("old", "m1", 0)
	w.acceptMine("me", old, plan(old, "1"))
	w.finish("me", "1", event.StatusSucceeded, 1)
	w.accept(w.scheduled("young", "m2", 50))
	w.equal("pruned", w.prune(50), 1)
	w.equal("again", w.prune(50), 0)
	_, err := w.Event(w.Context(), "old")
	_, runErr := w.Run(w.Context(), "1")
	if !errors.Is(err, event.ErrNotFound) || !errors.Is(runErr, event.ErrNotFound) {
		w.Errorf("event: %v, run: %v, want ErrNotFound", err, runErr)
	}
	w.equal("history", w.history("1"), []string(nil))
	if _, err := w.Event(w.Context(), "young"); err != nil {
		w.Error(err)
	}
}

// sized grows a store and gives back what holds nothing, which may be nothing.
func sized(w *world) {
	w.accept(w.scheduled("e1", "m1", 0))
	size, err := w.Size(w.Context())
	w.must(err)
	if size.Database <= 0 || size.Reusable < 0 || size.Reusable > size.Database {
		w.Errorf("the size is %+v", size)
	}
	given, err := w.Shrink(w.Context(), 1<<20)
	w.must(err)
	again, err := w.Shrink(w.Context(), 1<<20)
	w.must(err)
	w.equal("given back by a new store", given+again, int64(0))
}

func pruneKeepsRuns(w *world) {
	for i, status := range []event.Status{event.StatusPending, event.StatusWaiting, event.StatusRunning} {
		ev := w.scheduled(string(status), fmt.Sprintf("m%d", i), 0)
		p := plan(ev, "run "+string(status))
		p.Status = status
		if status == event.StatusRunning {
			p.Status = event.StatusPending
			w.acceptMine("me", ev, p)
			continue
		}
		w.accept(ev, p)
	}
	w.equal("pruned", w.prune(50), 0)
}

func pruneKeepsMeeting(w *world) {
	sleeper(w)
	w.follow("e2", event.TypeRescheduled, "m1", 10, event.Move{Action: event.MoveTo, Due: at(90)})
	w.equal("pruned", w.prune(50), 0)
	w.claim("me", 90)
	w.finish("me", "1", event.StatusSucceeded, 90)
	w.equal("pruned after the end", w.prune(50), 2)
}

// prunable tells two that may go from one of a run that has not ended.
func prunable(w *world) {
	busy := w.scheduled("busy", "m1", 1)
	w.accept(busy, asleep(plan(busy, "1"), 90))
	w.accept(w.scheduled("second", "m2", 3))
	w.accept(w.scheduled("first", "m3", 2))
	w.accept(w.scheduled("young", "m4", 50))
	list := func(behind event.Place, limit int) (names string, last event.Place) {
		w.Helper()
		records, err := w.Prunable(w.Context(), at(50), behind, limit)
		w.must(err)
		for _, r := range records {
			names += r.Event.ID + " "
			last = r.Place()
		}
		return names, last
	}
	names, _ := list(event.Place{}, 10)
	w.equal("all", names, "first second ")
	names, last := list(event.Place{}, 1)
	w.equal("one", names, "first ")
	names, _ = list(last, 10)
	w.equal("the rest", names, "second ")
}

func pruneEvents(w *world) {
	a := w.acceptance(event.Acceptance{Event: w.scheduled("a", "m1", 1), Revision: "r1", Now: at(1)}).Seq
	busy := w.scheduled("busy", "m2", 2)
	b := w.accept(busy, asleep(plan(busy, "1"), 90)).Seq
	kept := w.accept(w.scheduled("kept", "m3", 3)).Seq
	n, err := w.PruneEvents(w.Context(), []event.Ref{{Seq: a, ID: "a"}, {Seq: b, ID: "busy"}, {Seq: kept, ID: "of another database"}})
	w.must(err)
	w.equal("pruned", n, 1)
	w.must(w.PruneRest(w.Context(), at(50)))
	records, err := w.Events(w.Context(), event.EventFilter{OldestFirst: true})
	w.must(err)
	w.equal("left", len(records), 2)
}

func exclusive(w *world) {
	release, ok, err := w.Exclusive(w.Context(), "archive")
	w.must(err)
	w.equal("free", ok, true)
	release()
	release, ok, err = w.Exclusive(w.Context(), "archive")
	w.must(err)
	w.equal("free again", ok, true)
	release()
}

func pruneLimit(w *world) {
	for i := range 250 {
		w.accept(w.scheduled(fmt.Sprint(i), "", 0))
	}
	for _, want := range []int{120, 120, 10, 0} {
		n, err := w.Prune(w.Context(), at(50), 120)
		w.must(err)
		w.equal("pruned", n, want)
	}
}

func pruneNumbers(w *world) {
	w.accept(w.scheduled("e1", "m1", 0))
	last := w.accept(w.scheduled("e2", "m1", 1)).Seq
	w.equal("pruned", w.prune(50), 2)
	if next := w.accept(w.scheduled("e3", "m1", 60)).Seq; next <= last {
		w.Errorf("number %d after %d", next, last)
	}
}

func pruneRevisions(w *world) {
	ctx := w.Context()
	day := 24 * 60
	for i, rev := range []string{"unused", "old run", "event", "newest"} {
		w.must(w.SaveRevision(ctx, rev, []byte("rules"), at(i)))
	}
	ev := w.scheduled("e1", "m1", 10)
	p := asleep(plan(ev, "1"), 9*day)
	p.Revision = "old run"
	w.acceptance(event.Acceptance{Event: ev, Revision: "newest", Now: at(10), Runs: []event.PlannedRun{p}})
	later := w.scheduled("e2", "m2", 5*day)
	w.acceptance(event.Acceptance{Event: later, Revision: "event", Now: at(5 * day)})
	w.prune(4 * day)
	kept := func(revision string, want bool) {
		w.Helper()
		_, err := w.Revision(ctx, revision)
		if err != nil && !errors.Is(err, event.ErrNotFound) {
			w.Fatal(err)
		}
		w.equal(revision+" is kept", err == nil, want)
	}
	kept("unused", false)
	kept("old run", true)
	kept("event", true)
	kept("newest", true)
}

func pruneNewestRevision(w *world) {
	w.must(w.SaveRevision(w.Context(), "r1", []byte("rules"), at(0)))
	w.prune(99999)
	_, err := w.Revision(w.Context(), "r1")
	w.must(err)
}

func pruneComesAgain(w *world) {
	w.accept(w.scheduled("e1", "m1", 0))
	w.prune(50)
	w.equal("duplicate", w.accept(w.scheduled("e1", "m1", 0)).Duplicate, false)
}

func forgetsMeeting(w *world) {
	m1, m2 := w.meetingKey("m1"), w.meetingKey("m2")
	w.remember("e1", "m1", 1, set(m1, "crm", "a"), set(event.PlaceMemory("o", "owner", "7"), "crm", "kept"))
	w.remember("e2", "m1", 20, set(m1, "crm", "b"))
	w.remember("e3", "m2", 2, set(m2, "crm", "c"))
	n, err := w.Prune(w.Context(), at(10), 100)
	w.must(err)
	w.equal("pruned", n, 2)
	w.equal("memory", w.memories(m1, m2, event.PlaceMemory("o", "owner", "7")), `crm="b" crm="kept"`)
	_, err = w.Prune(w.Context(), at(30), 100)
	w.must(err)
	w.equal("memory", w.memories(m1), "")
}

func forgetsErased(w *world) {
	m1, m2, owner := w.meetingKey("m1"), w.meetingKey("m2"), event.PlaceMemory("o", "owner", "7")
	w.remember("e1", "m1", 1, set(m1, "crm", "a"), set(owner, "mail", "jane"), set(owner, "other", "x"))
	w.remember("e2", "m2", 2, set(m2, "crm", "b"), set(owner, "other", "y"))
	w.must(w.Erase(w.Context(), w.scheduled("e1", "m1", 1).Ref(), []byte("{}"), "asked"))
	w.equal("memory", w.memories(m1, m2, owner), `crm="b" other="y"`)
}

func memoryExpires(w *world) {
	owner := event.PlaceMemory("o", "owner", "7")
	w.remember("e1", "m1", 1, add(owner, "n", at(5)), add(owner, "late", at(50)))
	w.remember("e2", "m1", 6, add(owner, "n", at(10)))
	w.equal("memory", w.memories(owner), "late=1 n=1")
	for _, want := range []int{1, 0} {
		n, err := w.PruneMemory(w.Context(), at(20), 10)
		w.must(err)
		w.equal("pruned", n, want)
	}
	w.equal("memory", w.memories(owner), "late=1")
}

// add is a change that adds 1, and set one that sets a text, or forgets it.
func add(key event.MemoryKey, name string, expires time.Time) event.Remember {
	return event.Remember{Key: key, Name: name, Kind: event.MemoryNumber, Expires: expires, Change: func(old json.RawMessage) (json.RawMessage, error) {
		return event.AddNumbers(old, json.RawMessage("1"))
	}}
}

func set(key event.MemoryKey, name, value string) event.Remember {
	return event.Remember{Key: key, Name: name, Kind: "text", Change: func(json.RawMessage) (json.RawMessage, error) {
		if value == "" {
			return nil, nil
		}
		return json.Marshal(value)
	}}
}

// remember records changes by a new run of a new event of a meeting.
func (w *world) remember(id, meeting string, minute int, changes ...event.Remember) {
	w.Helper()
	ev := w.scheduled(id, meeting, minute)
	run := w.acceptMine("me", ev, plan(ev, id)).Started[0]
	run.Status, run.Updated, run.Finished = event.StatusSucceeded, at(minute), at(minute)
	w.must(w.Record(w.Context(), event.Progress{Run: run, Owner: "me", Remember: changes}))
}

// memories lists what is remembered with keys, as name=value.
func (w *world) memories(keys ...event.MemoryKey) string {
	w.Helper()
	list, err := w.Memories(w.Context(), keys)
	w.must(err)
	var out []string
	for _, r := range list {
		out = append(out, r.Name+"="+string(r.Value))
	}
	return strings.Join(out, " ")
}

func (w *world) meetingKey(meeting string) event.MemoryKey {
	return event.MeetingMemory(w.scheduled("x", meeting, 0).MeetingKey())
}

// listsByBytes: of large events, a list has few, and says that there are more.
func listsByBytes(w *world) {
	for i, id := range []string{"a", "b", "c", "d"} {
		ev := w.scheduled(id, "m1", i)
		ev.Body = append(ev.Body, bytes.Repeat([]byte(" "), event.PageBytes*2/3)...)
		w.accept(ev)
	}
	read := func(what string, list []*event.Record, err error, want string) (last *event.Record) {
		w.Helper()
		w.must(err)
		got := ""
		for _, r := range list {
			last = r
			got += r.Event.ID
		}
		if event.Continues(list) {
			got += "..."
		}
		w.equal(what, got, want)
		return last
	}
	all := func(what string, f event.EventFilter, first, second string) {
		w.Helper()
		f.Bytes, f.Limit = event.PageBytes, 10
		list, err := w.Events(w.Context(), f)
		last := read(what, list, err, first)
		switch {
		case f.Behind != nil:
			place := last.Place()
			f.Behind = &place
		case f.OldestFirst:
			f.After = last.Seq
		default:
			f.Before = last.Seq
		}
		list, err = w.Events(w.Context(), f)
		read(what+", continued", list, err, second)
		w.equal(what+" ends", f.Ended(list), true)
	}
	all("newest first", event.EventFilter{}, "dc...", "ba")
	all("oldest first", event.EventFilter{OldestFirst: true, Raw: true}, "ab...", "cd")
	all("by time", event.EventFilter{Behind: &event.Place{}}, "ab...", "cd")
	all("of a pattern", event.EventFilter{Type: "scheduling.*", Fate: event.FateUnmatched}, "dc...", "ba")
	all("by id", event.EventFilter{IDs: []string{"a", "b", "c"}}, "cb...", "a")
	list, err := w.Events(w.Context(), event.EventFilter{Bytes: event.PageBytes, Limit: 2})
	read("as many as asked for", list, err, "dc")
	list, err = w.Events(w.Context(), event.EventFilter{Limit: 4})
	read("not bounded", list, err, "dcba")
	list, err = w.Prunable(w.Context(), at(50), event.Place{}, 10)
	last := read("prunable", list, err, "ab...")
	list, err = w.Prunable(w.Context(), at(50), last.Place(), 10)
	read("prunable, continued", list, err, "cd")
}
