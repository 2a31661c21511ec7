package storetest

import (
	"fmt"
	"strings"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/event/search"
	"github.com/gavel-rules/gavel/store"
)

func searchTests() map[string]func(*world) {
	return map[string]func(*world){
		"events are found by words":           searchWords,
		"what is erased is found no more":     searchErased,
		"what is pruned is found no more":     searchPruned,
		"a search goes on below a number":     searchBefore,
		"machines index together":             indexTogether,
		"what was indexed outlives a restart": indexRestart,
		"parts of the index are merged":       indexMerges,
	}
}

// named makes an event of a meeting whose owner and invitee have names.
func (w *world) named(id string, minute int, owner, invitee string) *event.Event {
	w.Helper()
	body, err := sample.Body(event.TypeScheduled, id, at(minute))
	w.must(err)
	for path, value := range map[string]string{"meetingOwner.username": owner, "meetingInfo.primaryInviteeName": invitee} {
		body, err = sample.Set(body, "data."+path, value)
		w.must(err)
	}
	ev, err := decode.Event(body)
	w.must(err)
	ev.Received = at(minute)
	return ev
}

// indexAll indexes until nothing is left.
func (w *world) indexAll(s store.Store) (total int) {
	w.Helper()
	for {
		n, err := s.Index(w.Context(), 2)
		w.must(err)
		if n == 0 {
			return total
		}
		total += n
	}
}

// found are the ids that a search leads to.
func (w *world) found(s store.Store, text, owner string, before int64, limit int) string {
	w.Helper()
	seqs, _, err := s.Search(w.Context(), search.New(text, owner), 0, before, limit)
	w.must(err)
	records, err := s.Events(w.Context(), event.EventFilter{Seqs: append([]int64{}, seqs...), Limit: limit})
	w.must(err)
	var names []string
	for _, r := range records {
		names = append(names, r.Event.ID)
	}
	return strings.Join(names, " ")
}

func searchWords(w *world) {
	w.accept(w.named("ev-1", 0, "sales@acme.example", "Kim Initech"))
	w.accept(w.named("ev-2", 1, "kim@acme.example", "José Ångström"))
	w.accept(w.named("ev-3", 2, "sales@acme.example", `"Bobby" OR 1=1; DROP TABLE events; -- * ' ) NOT`))
	seqs, upTo, err := w.Search(w.Context(), search.New("kim", ""), 0, 0, 10)
	w.must(err)
	w.equal("before indexing", len(seqs)+int(upTo), 0)
	w.equal("indexed", w.indexAll(w.Store), 3)
	_, upTo, err = w.Search(w.Context(), search.New("kim", ""), 0, 0, 10)
	w.must(err)
	newest, err := w.Event(w.Context(), "ev-3")
	w.must(err)
	w.equal("up to", upTo, newest.Seq)
	check := func(text, owner, want string) {
		w.Helper()
		w.equal(text+" of "+owner, w.found(w.Store, text, owner, 0, 10), want)
	}
	check("kim", "", "ev-2 ev-1")
	check("kim init", "", "ev-1")
	check("ÅNG", "", "ev-2")
	check("initech kim", "sales", "ev-1")
	check("", "kim", "ev-2")
	check("", "sales@acme", "ev-3 ev-1")
	check("ev-2", "", "ev-2")
	check("ev-", "", "ev-3 ev-2 ev-1")
	check("nitech", "", "")
	check(`bobby" OR "kim`, "", "")
	check("bobby or 1 1 drop", "", "ev-3")
	check("*", "", "")
	check("'", "'", "")
	check("NOT", "", "ev-3")
}

func searchErased(w *world) {
	w.accept(w.named("ev-1", 0, "sales@acme.example", "Kim Initech"))
	w.accept(w.named("ev-2", 1, "sales@acme.example", "Kim Initech"))
	w.equal("indexed", w.indexAll(w.Store), 2)
	w.must(w.Erase(w.Context(), "ev-1", []byte(`{"eventId":"ev-1"}`), "erased"))
	w.equal("after erasing", w.found(w.Store, "kim", "", 0, 10), "ev-2")
	w.equal("indexed again", w.indexAll(w.Store), 0)
	w.accept(w.named("ev-3", 2, "sales@acme.example", "Kim Initech"))
	w.must(w.Erase(w.Context(), "ev-3", []byte(`{"eventId":"ev-3"}`), "erased"))
	w.indexAll(w.Store)
	w.equal("erased before it was indexed", w.found(w.Store, "kim", "", 0, 10), "ev-2")
}

func searchPruned(w *world) {
	w.accept(w.named("ev-1", 0, "sales@acme.example", "Kim Initech"))
	w.accept(w.named("ev-2", 60, "sales@acme.example", "Kim Initech"))
	w.indexAll(w.Store)
	_, err := w.Prune(w.Context(), at(30), 10)
	w.must(err)
	seqs, _, err := w.Search(w.Context(), search.New("kim", ""), 0, 0, 10)
	w.must(err)
	w.equal("left", len(seqs), 1)
}

func searchBefore(w *world) {
	for i := range 7 {
		w.accept(w.named(fmt.Sprint("ev-", i), i, "sales@acme.example", "Kim Initech"))
	}
	w.indexAll(w.Store)
	middle, err := w.Event(w.Context(), "ev-4")
	w.must(err)
	w.equal("below", w.found(w.Store, "kim", "", middle.Seq, 10), "ev-3 ev-2 ev-1 ev-0")
	w.equal("some below", w.found(w.Store, "kim", "", middle.Seq, 2), "ev-3 ev-2")
}

func indexTogether(w *world) {
	other := w.db(w.T)
	total := 0
	for i := range 10 {
		w.accept(w.named(fmt.Sprint("ev-", i), i, "sales@acme.example", "Kim Initech"))
		if i%3 == 0 {
			total += w.indexAll(map[bool]store.Store{true: w.Store, false: other}[i%2 == 0])
		}
	}
	total += w.indexAll(other)
	w.equal("indexed in all", total, 10)
	w.equal("found", len(strings.Fields(w.found(w.Store, "kim", "", 0, 20))), 10)
}

func indexRestart(w *world) {
	w.accept(w.named("ev-1", 0, "sales@acme.example", "Kim Initech"))
	w.indexAll(w.Store)
	w.must(w.Close())
	again := w.db(w.T)
	w.equal("indexed again", w.indexAll(again), 0)
	w.equal("found", w.found(again, "kim", "", 0, 10), "ev-1")
}

// indexMerges indexes so often that parts are merged, some from memory and some
// read by another process, and erases and prunes in what came of it.
func indexMerges(w *world) {
	const events = 150
	other := w.db(w.T)
	want := map[int]bool{}
	check := func(when string) {
		w.Helper()
		var ids []string
		for i := events; i >= 0; i-- {
			if want[i] {
				ids = append(ids, fmt.Sprint("ev-", i))
			}
		}
		w.equal(when, w.found(w.Store, "kim", "sales", 0, 2*events), strings.Join(ids, " "))
		w.equal(when+", the newest", w.found(other, "initech", "", 0, 3), strings.Join(ids[:3], " "))
	}
	for i := range events {
		w.accept(w.named(fmt.Sprint("ev-", i), i, "sales@acme.example", "Kim Initech"))
		want[i] = true
		if i%3 > 0 {
			n, err := map[bool]store.Store{true: w.Store, false: other}[i%5 > 0].Index(w.Context(), 2)
			w.must(err)
			if n == 0 {
				w.Errorf("nothing is indexed after event %d", i)
			}
		}
	}
	w.indexAll(other)
	check("indexed")
	for _, i := range []int{0, 77, 149} {
		w.must(w.Erase(w.Context(), fmt.Sprint("ev-", i), []byte(`{"eventId":"ev"}`), "erased"))
		delete(want, i)
	}
	check("after erasing")
	w.prune(120)
	for i := range 120 {
		delete(want, i)
	}
	check("after pruning")
	seqs, _, err := w.Search(w.Context(), search.New("kim", ""), 0, 0, 2*events)
	w.must(err)
	w.equal("numbers in the index", len(seqs), len(want))
	w.equal("indexed again", w.indexAll(w.Store), 0)
	w.prune(events + 1)
	seqs, _, err = w.Search(w.Context(), search.New("", ""), 0, 0, 2*events)
	w.must(err)
	w.equal("events left in the index", len(seqs), 0)
}
