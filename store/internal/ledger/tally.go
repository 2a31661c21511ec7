package ledger

import (
	"cmp"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
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

// Event counts a stored event, unless Gavel has made it: nobody has sent that.
func (t Tallies) Event(a *event.Acceptance) {
	if own.Is(a.Event.Type) {
		return
	}
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

// Refused counts requests that the receiver refused.
func (t Tallies) Refused(r *event.Refusal) {
	t[TallyKey{SpanOf(r.Last), event.TallyRefused, Clean(r.Reason), ""}] += r.Count
}

// DayOf returns the number of the day that contains a time, since 1970 in UTC.
func DayOf(t time.Time) int64 { return SpanOf(t) / SpansPerDay }

// OldestDay returns the oldest day to keep when newest is the newest span.
func OldestDay(newest int64) int64 {
	return newest/SpansPerDay - int64(event.DailyKeep/(24*time.Hour))
}

// SpansPerHour is how many spans an hour has.
const SpansPerHour = int64(time.Hour / event.TallyWidth)

// OldestHour returns the oldest hour to keep when newest is the newest span.
func OldestHour(newest int64) int64 {
	return newest/SpansPerHour - int64(event.HourlyKeep/time.Hour)
}

// SpansPerDay is how many spans a day has.
const SpansPerDay = int64(24 * time.Hour / event.TallyWidth)

// Attempt counts an attempt that failed or whose result is unknown, and every
// call over a connection that has ended.
func (t Tallies) Attempt(a *event.Attempt) {
	if called(a) {
		t[TallyKey{SpanOf(a.Ended), event.TallyCalls, Clean(a.Connection), event.CallBucket(a.Ended.Sub(a.Started))}]++
	}
	if a.Outcome != event.OutcomeFailed && (a.Outcome != event.OutcomeUnknown || a.Cause == "") {
		return
	}
	t[TallyKey{SpanOf(a.Ended), event.TallyFailures, Clean(cmp.Or(a.Connection, a.Kind)), string(a.Cause)}]++
}

// called reports whether an attempt has called its connection and knows the end
// of it.
func called(a *event.Attempt) bool {
	switch {
	case a.Connection == "":
		return false
	case a.Outcome == event.OutcomeSucceeded:
		return true
	}
	return (a.Outcome == event.OutcomeFailed || a.Outcome == event.OutcomeUnknown) && a.Cause.OfCall()
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
