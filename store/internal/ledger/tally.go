package ledger

import (
	"cmp"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// TallyKey identifies one row of counts. Span is the number of the
// event.TallyWidth since 1970.
type TallyKey struct {
	Span         int64
	Kind         event.TallyKind
	Name, Detail string
}

// Tallies are the counts of one transaction.
type Tallies map[TallyKey]int64

// SpanOf returns the number of the span that contains a time.
func SpanOf(t time.Time) int64 { return Micros(t) / event.TallyWidth.Microseconds() }

// OldestSpan returns the oldest span to keep when newest is the newest.
func OldestSpan(newest int64) int64 { return newest - int64(event.TallyKeep/event.TallyWidth) }

// Event counts a stored event.
func (t Tallies) Event(a *event.Acceptance) {
	t[TallyKey{SpanOf(Received(a)), event.TallyEvents, Clean(a.Event.Type), ""}]++
}

// Began counts a new run, and its end if it ended at once.
func (t Tallies) Began(r *event.Run) {
	t[TallyKey{SpanOf(r.Created), event.TallyMatches, Clean(r.Rule), ""}]++
	if r.Status.Done() {
		t.Ended(r.Rule, r.Status, r.Finished)
	}
}

// Ended counts the end of a run.
func (t Tallies) Ended(rule string, status event.Status, at time.Time) {
	t[TallyKey{SpanOf(at), event.TallyEnded, Clean(rule), string(status)}]++
}

// Attempt counts an attempt that failed or whose result is unknown.
func (t Tallies) Attempt(a *event.Attempt) {
	if a.Outcome != event.OutcomeFailed && (a.Outcome != event.OutcomeUnknown || a.Cause == "") {
		return
	}
	t[TallyKey{SpanOf(a.Ended), event.TallyFailures, Clean(cmp.Or(a.Connection, a.Kind)), string(a.Cause)}]++
}

// Sorted returns the keys in the same order for all transactions, so that they
// cannot deadlock.
func (t Tallies) Sorted() []TallyKey {
	keys := make([]TallyKey, 0, len(t))
	for k := range t {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b TallyKey) int {
		return cmp.Or(cmp.Compare(a.Span, b.Span), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Detail, b.Detail))
	})
	return keys
}

// ScanTally reads span, kind, name, detail and count.
func ScanTally(row Scanner) (event.Tally, error) {
	var (
		t    event.Tally
		span int64
		kind string
	)
	err := row.Scan(&span, &kind, &t.Name, &t.Detail, &t.Count)
	t.Start, t.Kind = Time(span*event.TallyWidth.Microseconds()), event.TallyKind(kind)
	return t, err
}
