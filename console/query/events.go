package query

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/search"
)

const (
	// firstLook is how many of the newest events are read before the search
	// index is asked, which lags a little while events come in.
	firstLook = 10
	// scanBatch and scanMost bound a search.
	scanBatch = 250
	scanMost  = 5000
)

// EventList is one page of events.
type EventList struct {
	Events []*event.Record
	// Next is the cursor of the next page; empty at the end.
	Next string
	// Scanned is how many events were read; 0 when the store filtered them.
	Scanned int
	// Looked is how many stored events a search that can be continued has looked
	// through, with and without the index; 0 when nothing older is left.
	Looked int64
}

// FindEvents lists events, newest first.
func FindEvents(ctx context.Context, ledger backend.Ledger, q EventQuery) (EventList, error) {
	if !q.Search.Empty() {
		return searchEvents(ctx, ledger, &q)
	}
	f := q.EventFilter
	f.Limit++
	f.Bytes = event.PageBytes
	found, err := ledger.Events(ctx, f)
	if err != nil || f.Ended(found) {
		return EventList{Events: found}, err
	}
	found = found[:min(q.Limit, len(found))]
	return EventList{Events: found, Next: cursorOf(found[len(found)-1])}, nil
}

// walk is a search from the newest to the oldest event.
type walk struct {
	*EventQuery
	ledger backend.Ledger
	list   EventList
	after  int64 // nothing up to this number matches
	before int64 // where it continues
	top    int64 // number of the first event it has read
	over   bool  // the page is full, or there is nothing older
	size   int   // of the bodies on the page, in bytes
}

// searchEvents reads the newest events one by one, and asks the search index
// for the others. It ends after scanMost events with a cursor to continue:
// what the index finds may still not match the other filters.
func searchEvents(ctx context.Context, ledger backend.Ledger, q *EventQuery) (EventList, error) {
	s := &walk{EventQuery: q, ledger: ledger, before: q.Before}
	s.Search = s.Search.OfType(q.Type)
	err := s.bound(ctx)
	if err == nil {
		err = s.walk(ctx)
	}
	if last, wrong := strconv.ParseInt(s.list.Next, 10, 64); wrong == nil {
		s.list.Looked = s.top - last + 1
	}
	return s.list, err
}

func (s *walk) walk(ctx context.Context) error {
	look := firstLook
	for !s.over && s.list.Scanned < scanMost {
		if err := s.scan(ctx, look); err != nil || s.over {
			return err
		}
		size := s.wanted()
		seqs, upTo, err := s.ledger.Search(ctx, s.Search, s.after, s.before, size)
		if err != nil {
			return err
		}
		if upTo >= s.before-1 {
			return s.fromIndex(ctx, seqs, size)
		}
		look = int(min(scanBatch, s.before-1-upTo))
	}
	if !s.over {
		s.list.Next = strconv.FormatInt(s.before, 10)
	}
	return nil
}

// leeway is how many events may be stored in another order than their times.
const leeway = 2000

// bound turns the earliest time of a search into an event number, because the
// search index has no times.
func (s *walk) bound(ctx context.Context) error {
	if s.Since.IsZero() {
		return nil
	}
	first, err := s.ledger.Events(ctx, event.EventFilter{Behind: &event.Place{Received: s.Since.Add(-time.Microsecond)}, Limit: 1})
	if err != nil {
		return err
	}
	s.over = len(first) == 0
	if !s.over {
		s.after = max(0, first[0].Seq-leeway)
	}
	return nil
}

// wanted returns how many numbers to ask the index for: enough for the page,
// or more if a filter is not in the index.
func (s *walk) wanted() int {
	if s.MeetingID != "" || s.Fate != "" {
		return scanBatch
	}
	return min(scanBatch, s.Limit-len(s.list.Events))
}

// scan reads the next events themselves.
func (s *walk) scan(ctx context.Context, most int) error {
	f := s.EventFilter
	f.Before, f.Limit, f.Bytes = s.before, most, event.PageBytes
	batch, err := s.ledger.Events(ctx, f)
	if err != nil {
		return err
	}
	for _, rec := range batch {
		s.top = max(s.top, rec.Seq)
		s.list.Scanned++
		s.before = rec.Seq
		if s.Search.Fits(search.Words(rec.Event)) && s.take(rec) {
			return nil
		}
	}
	s.over = f.Ended(batch)
	return nil
}

// fromIndex continues with the results of the index. seqs are the first ones;
// if there are size of them, there may be more.
func (s *walk) fromIndex(ctx context.Context, seqs []int64, size int) error {
	for {
		f := s.EventFilter
		f.Before, f.Seqs, f.Limit = 0, append([]int64{}, seqs...), size
		full := false
		err := EachEvent(ctx, s.ledger, f, func(rec *event.Record) bool {
			// An event found by a hidden field does not match.
			full = s.Search.Fits(search.Words(rec.Event)) && s.take(rec)
			return !full
		})
		if err != nil || full {
			return err
		}
		s.list.Scanned += len(seqs)
		if len(seqs) < size {
			return nil
		}
		s.before = seqs[len(seqs)-1]
		if s.list.Scanned >= scanMost {
			s.list.Next = strconv.FormatInt(s.before, 10)
			return nil
		}
		size = scanBatch
		if seqs, _, err = s.ledger.Search(ctx, s.Search, s.after, s.before, size); err != nil {
			return err
		}
	}
}

// EachEvent calls do for up to f.Limit events, newest first, until it returns false.
// Only a few large ones are in memory at a time.
func EachEvent(ctx context.Context, ledger backend.Ledger, f event.EventFilter, do func(*event.Record) bool) error {
	for f.Bytes = event.PageBytes; f.Limit > 0; {
		found, err := ledger.Events(ctx, f)
		if err != nil {
			return err
		}
		for _, rec := range found {
			if !do(rec) {
				return nil
			}
			f.Before = rec.Seq
		}
		if f.Ended(found) {
			return nil
		}
		f.Limit -= len(found)
	}
	return nil
}

// take adds an event and reports whether the page is full.
func (s *walk) take(rec *event.Record) bool {
	s.list.Events = append(s.list.Events, rec)
	s.size += len(rec.Event.Body)
	if len(s.list.Events) < s.Limit && s.size < event.PageBytes {
		return false
	}
	s.list.Next, s.over = cursorOf(rec), true
	return true
}

func cursorOf(rec *event.Record) string { return strconv.FormatInt(rec.Seq, 10) }

// Selects reports whether an event belongs in a live view of this query.
func (q *EventQuery) Selects(rec *event.Record) bool {
	ev := rec.Event
	prefix, pattern := strings.CutSuffix(q.Type, "*")
	switch {
	case q.Type != "" && !pattern && ev.Type != q.Type,
		pattern && !strings.HasPrefix(ev.Type, prefix),
		q.MeetingID != "" && ev.Meeting.ID != q.MeetingID,
		q.Fate == event.FateMatched && rec.Runs == 0,
		q.Fate == event.FateUnmatched && rec.Runs > 0,
		q.Fate == event.FateLate && !rec.Late,
		q.Fate == event.FateRepeated && rec.Deliveries < 2:
		return false
	}
	return q.Search.Empty() || q.Search.Fits(search.Words(ev))
}
