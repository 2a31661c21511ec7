package query_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/search"
)

// shelf is a ledger in memory, oldest first. Its index of words does not know
// the newest events.
type shelf struct {
	backend.Ledger
	events []*event.Record
	runs   []*event.Run
	lag    int
	state  *event.MeetingState
	asked  []event.EventFilter
	// failing is the number of the call that fails.
	calls, failing int
	// hidden words are in the index alone.
	hidden map[int64]bool
}

var errBroken = errors.New("the disk is gone")

func (s *shelf) fails() error {
	if s.calls++; s.calls == s.failing {
		return errBroken
	}
	return nil
}

func (s *shelf) Events(_ context.Context, f event.EventFilter) ([]*event.Record, error) {
	s.asked = append(s.asked, f)
	if err := s.fails(); err != nil {
		return nil, err
	}
	var out []*event.Record
	q := query.EventQuery{EventFilter: f}
	for i := range s.events {
		rec := s.events[len(s.events)-1-i]
		if f.Behind != nil {
			rec = s.events[i]
		}
		switch {
		case f.Behind != nil && !rec.Event.Received.After(f.Behind.Received), f.Before > 0 && rec.Seq >= f.Before, f.Seqs != nil && !slices.Contains(f.Seqs, rec.Seq),
			!f.Since.IsZero() && rec.Event.Received.Before(f.Since), !q.Selects(rec):
		case len(out) < f.Limit:
			out = append(out, rec)
		}
	}
	return out, nil
}

func (s *shelf) Search(_ context.Context, q search.Query, after, before int64, limit int) ([]int64, int64, error) {
	if err := s.fails(); err != nil {
		return nil, 0, err
	}
	upTo := s.events[len(s.events)-1].Seq - int64(s.lag)
	var out []int64
	for _, rec := range slices.Backward(s.events) {
		known := rec.Seq <= upTo && rec.Seq > after && (before == 0 || rec.Seq < before)
		if known && (s.hidden[rec.Seq] || q.Fits(search.Words(rec.Event))) && len(out) < limit {
			out = append(out, rec.Seq)
		}
	}
	return out, upTo, nil
}

func (s *shelf) Runs(_ context.Context, f event.RunFilter) ([]*event.Run, error) {
	if err := s.fails(); err != nil {
		return nil, err
	}
	var out []*event.Run
	for _, r := range slices.Backward(s.runs) {
		if (f.Before == "" || r.ID < f.Before) && (f.MeetingID == "" || r.MeetingID == f.MeetingID) && len(out) < f.Limit {
			out = append(out, r)
		}
	}
	return out, nil
}

func (s *shelf) Meeting(context.Context, string) (*event.MeetingState, error) {
	return s.state, s.fails()
}

// shelfOf holds n events. Every third is of Globex, every fifth a cancellation,
// every seventh has a run, every eleventh came twice, every 13th late.
func shelfOf(n int) *shelf {
	s := &shelf{hidden: map[int64]bool{}}
	for i := 1; i <= n; i++ {
		ev := &event.Event{
			Envelope: event.Envelope{ID: fmt.Sprint("e", i), Type: event.TypeScheduled}, Received: now().Add(time.Duration(i-n) * time.Minute),
			Meeting: &event.Meeting{ID: fmt.Sprint("m", i%4)}, Change: &event.Change{}, Test: &event.Test{},
		}
		rec := &event.Record{Seq: int64(i), Event: ev, Deliveries: 1, Late: i%13 == 0}
		if i%3 == 0 {
			ev.Meeting.Info.PrimaryInvitee = "jane@globex.example"
		}
		if i%5 == 0 {
			ev.Type = event.TypeCanceled
		}
		if i%7 == 0 {
			rec.Runs = 1
		}
		if i%11 == 0 {
			rec.Deliveries = 2
		}
		s.events = append(s.events, rec)
	}
	return s
}

func seqsOf(records []*event.Record) []int64 {
	out := []int64{}
	for _, r := range records {
		out = append(out, r.Seq)
	}
	return out
}

// TestFindEvents pages through everything that a query fits, newest first and
// each once, however far the index of words lags behind.
func TestFindEvents(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 100, 101, 700} {
		for _, lag := range []int{0, 1, 349, 10_000} {
			s := shelfOf(size)
			s.lag = lag
			for i, address := range []string{
				"", "type=scheduling.smartscheduler.canceled", "type=scheduling.*", "type=nothing.*", "meeting=m1", "outcome=matched", "outcome=unmatched", "outcome=late", "outcome=repeated",
				"q=globex", "q=nobody", "q=globex&outcome=matched", "q=globex&meeting=m2&type=scheduling.smartscheduler.canceled", "q=globex&since=2h", "q=globex&since=1m", "q=globex&since=2027-01-01", "q=e1",
				"since=1h",
			} {
				limit := []int{23, 50, 500}[i%3]
				q, err := query.ParseEvents(values(t, address+"&limit="+strconv.Itoa(limit)), now())
				if err != nil {
					t.Fatal(err)
				}
				want := []int64{}
				for _, rec := range slices.Backward(s.events) {
					if q.Selects(rec) && !rec.Event.Received.Before(q.Since) {
						want = append(want, rec.Seq)
					}
				}
				got := []int64{}
				for {
					list, err := query.FindEvents(t.Context(), s, q)
					if err != nil || len(list.Events) > limit {
						t.Fatalf("%s: a page of %d, %v", address, len(list.Events), err)
					}
					if len(list.Events) == 0 && len(got) > 0 && q.Search.Empty() {
						t.Errorf("%s: after %d events there was to be another page, and it is empty", address, len(got))
					}
					got = append(got, seqsOf(list.Events)...)
					if list.Next == "" {
						break
					}
					if q.Before, err = strconv.ParseInt(list.Next, 10, 64); err != nil {
						t.Fatal(err)
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%d events, lag %d, %q (-want +got)\n%s", size, lag, address, diff)
				}
			}
		}
	}
}

// TestSearchIsBounded: a search that finds nothing ends, and tells where to go on.
func TestSearchIsBounded(t *testing.T) {
	t.Parallel()
	for what, lag := range map[string]int{"behind": 20_000, "with what is hidden by now": 0} {
		s := shelfOf(11_000)
		s.lag = lag
		for _, rec := range s.events {
			s.hidden[rec.Seq] = true
		}
		q, err := query.ParseEvents(values(t, "q=nobody"), now())
		if err != nil {
			t.Fatal(err)
		}
		pages := 0
		for ; pages < 10; pages++ {
			list, err := query.FindEvents(t.Context(), s, q)
			if err != nil || len(list.Events) > 0 || list.Scanned == 0 || list.Scanned > 5250 {
				t.Fatalf("%s: %d found in %d, %v", what, len(list.Events), list.Scanned, err)
			}
			if list.Next == "" {
				break
			}
			if q.Before, err = strconv.ParseInt(list.Next, 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		if pages != 2 {
			t.Errorf("%s: %d pages to go on from, want 2", what, pages)
		}
	}
}

// TestFindFails: what the store cannot tell is never taken for nothing.
func TestFindFails(t *testing.T) {
	t.Parallel()
	for address, calls := range map[string]int{"": 1, "q=globex": 3, "q=globex&since=10h": 4} {
		q, err := query.ParseEvents(values(t, address), now())
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i <= calls; i++ {
			s := shelfOf(700)
			s.failing = i
			if _, err := query.FindEvents(t.Context(), s, q); !errors.Is(err, errBroken) {
				t.Errorf("%q: with call %d broken the error is %v", address, i, err)
			}
		}
	}
	q, err := query.ParseEvents(values(t, "q=nobody"), now())
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= 4; i++ { // what was found is hidden by now, so the index is asked again
		s := shelfOf(700)
		for _, rec := range s.events {
			s.hidden[rec.Seq] = true
		}
		s.failing = i
		if _, err := query.FindEvents(t.Context(), s, q); !errors.Is(err, errBroken) {
			t.Errorf("hidden events: with call %d broken the error is %v", i, err)
		}
	}
	for i := 1; i <= 3; i++ {
		s := &shelf{failing: i, state: &event.MeetingState{Newest: &event.Record{Event: &event.Event{Meeting: &event.Meeting{ID: "m"}}}}}
		if _, err := query.ReadMeeting(t.Context(), s, "m"); !errors.Is(err, errBroken) {
			t.Errorf("a meeting, with call %d broken: %v", i, err)
		}
	}
	if _, err := query.FindRuns(t.Context(), &shelf{failing: 1}, event.RunFilter{Limit: 1}); !errors.Is(err, errBroken) {
		t.Errorf("runs: %v", err)
	}
}

func TestFindRuns(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	for i := range 6 {
		s.runs = append(s.runs, &event.Run{ID: fmt.Sprint("r", i)})
	}
	for limit, want := range map[int][]string{1: {"r5", "r5"}, 5: {"r5,r4,r3,r2,r1", "r1"}, 6: {"r5,r4,r3,r2,r1,r0", ""}, 7: {"r5,r4,r3,r2,r1,r0", ""}} {
		list, err := query.FindRuns(t.Context(), s, event.RunFilter{Limit: limit})
		ids := ""
		for i, r := range list.Runs {
			if i > 0 {
				ids += ","
			}
			ids += r.ID
		}
		if err != nil || ids != want[0] || list.Next != want[1] {
			t.Errorf("%d of 6: %s, next %q, %v", limit, ids, list.Next, err)
		}
	}
}

// TestReadMeeting asks for events and runs of the meeting of the organisation
// that the id was found in, oldest event first.
func TestReadMeeting(t *testing.T) {
	t.Parallel()
	s := shelfOf(12)
	newest := &event.Record{Event: &event.Event{Envelope: event.Envelope{OrganizationGUID: "org"}, Meeting: &event.Meeting{ID: "m1"}}}
	s.state = &event.MeetingState{MeetingID: "m1", Newest: newest}
	for _, rec := range s.events {
		if rec.Event.Meeting.ID == "m1" {
			rec.Event.Meeting.ID = "org/m1" // as a filter names it
		}
	}
	s.runs = []*event.Run{{ID: "a", MeetingID: "org/m1"}, {ID: "b", MeetingID: "m1"}, {ID: "c", MeetingID: "org/m1"}}
	m, err := query.ReadMeeting(t.Context(), s, "m1")
	if err != nil || m.State != s.state || len(m.Runs) != 2 || m.Runs[0].ID != "c" {
		t.Fatalf("%+v, %v", m, err)
	}
	if diff := cmp.Diff([]int64{1, 5, 9}, seqsOf(m.Events)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestSelects: a live view shows what the list would.
func TestSelects(t *testing.T) {
	t.Parallel()
	rec := func(change func(*event.Record)) *event.Record {
		r := shelfOf(1).events[0]
		change(r)
		return r
	}
	plain := rec(func(*event.Record) {})
	matched := rec(func(r *event.Record) { r.Runs = 1 })
	late := rec(func(r *event.Record) { r.Late = true })
	twice := rec(func(r *event.Record) { r.Deliveries = 2 })
	globex := rec(func(r *event.Record) { r.Event.Meeting.Info.PrimaryInvitee = "jane@globex.example" })
	for address, want := range map[string][]bool{
		"": {true, true, true, true, true}, "outcome=matched": {false, true, false, false, false}, "outcome=unmatched": {true, false, true, true, true},
		"outcome=late": {false, false, true, false, false}, "outcome=repeated": {false, false, false, true, false}, "q=globex": {false, false, false, false, true},
		"meeting=m1": {true, true, true, true, true}, "meeting=m2": {false, false, false, false, false}, "meeting=m1&outcome=late": {false, false, true, false, false},
		"type=" + event.TypeScheduled: {true, true, true, true, true}, "type=" + event.TypeCanceled: {false, false, false, false, false},
		"type=*": {true, true, true, true, true}, "type=sched*": {true, true, true, true, true}, "type=x*": {false, false, false, false, false}, "type=sched": {false, false, false, false, false},
	} {
		q, err := query.ParseEvents(values(t, address), now())
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range []*event.Record{plain, matched, late, twice, globex} {
			if got := q.Selects(r); got != want[i] {
				t.Errorf("%q selects event %d: %v, want %v", address, i, got, want[i])
			}
		}
	}
}
