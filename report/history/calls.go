package history

import (
	"cmp"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Calls are the calls over one connection in the last 24 hours, and since when
// they fail.
type Calls struct {
	Since  time.Time `json:"since"`
	Calls  int       `json:"calls"`
	Failed int       `json:"failed"` // of them
	// P50 and P99 are how long half of the calls, and 99 of 100, took at most, in
	// milliseconds, with an error of at most a third. 0 without calls.
	P50 int `json:"p50_ms"`
	P99 int `json:"p99_ms"`
	// Hours are the last 24 hours, oldest first; the last one has not ended.
	Hours  []Hour  `json:"hours"`
	Causes []Cause `json:"causes"` // of failed attempts, most frequent first
	// FailingSince is the half hour in which the calls began to fail that fail
	// now; zero when the last half hour with calls had one that succeeded.
	FailingSince time.Time   `json:"failing_since,omitzero"`
	LastCause    event.Cause `json:"last_cause,omitempty"`
	// Days are the last HistoryDays days of UTC, oldest first; today has not ended.
	Days []Hour `json:"days"`
	// Called says that there was a call in the last event.DailyKeep.
	Called bool `json:"called"`

	buckets map[string]int
	spans   map[int64]*outcome
}

// HistoryDays is how many days Calls has.
const HistoryDays = 30

// Hour is one hour of Calls, or one day.
type Hour struct {
	Start  time.Time `json:"start"`
	Calls  int       `json:"calls"`
	Failed int       `json:"failed"`
}

// Cause counts failed attempts by their cause.
type Cause struct {
	Cause event.Cause `json:"cause"`
	Count int         `json:"count"`
}

// outcome is what the calls of one span came to.
type outcome struct {
	calls, failed int
	cause         event.Cause
}

// dayHours is how many hours a day has.
const dayHours = 24

// CallsFrom is the time from which CallsOf needs counts by spans.
func CallsFrom(now time.Time) time.Time { return now.Add(-event.TallyKeep) }

// firstHour is the beginning of the last 24 hours, in whole hours.
func firstHour(now time.Time) time.Time {
	return now.UTC().Truncate(time.Hour).Add(-(dayHours - 1) * time.Hour)
}

// NoCalls is the history of a connection that was never called.
func NoCalls(now time.Time) Calls { return *newCalls(now) }

func newCalls(now time.Time) *Calls {
	c := &Calls{Since: firstHour(now), Causes: []Cause{}, buckets: map[string]int{}, spans: map[int64]*outcome{}}
	for i := range dayHours {
		c.Hours = append(c.Hours, Hour{Start: c.Since.Add(time.Duration(i) * time.Hour)})
	}
	first := now.UTC().Truncate(dayHours*time.Hour).AddDate(0, 0, 1-HistoryDays)
	for i := range HistoryDays {
		c.Days = append(c.Days, Hour{Start: first.AddDate(0, 0, i)})
	}
	return c
}

// CallsOf returns the calls by connection, from the counts by spans since
// CallsFrom and those by days. Failed attempts without a connection are under
// their kind of action.
func CallsOf(spans, days []event.Tally, now time.Time) map[string]Calls {
	found := map[string]*Calls{}
	of := func(name string) *Calls {
		if found[name] == nil {
			found[name] = newCalls(now)
		}
		return found[name]
	}
	for _, t := range spans {
		switch t.Kind {
		case event.TallyCalls:
			of(t.Name).called(t)
		case event.TallyFailures:
			of(t.Name).failed(t)
		}
	}
	for _, t := range days {
		switch t.Kind {
		case event.TallyCalls:
			c := of(t.Name)
			c.Called = true
			if d := c.day(t); d != nil {
				d.Calls += int(t.Count)
			}
		case event.TallyFailures:
			if d := of(t.Name).day(t); d != nil {
				d.Failed += int(t.Count)
			}
		}
	}
	out := make(map[string]Calls, len(found))
	for name, c := range found {
		c.finish()
		out[name] = *c
	}
	return out
}

func (c *Calls) span(t event.Tally) *outcome {
	at := t.Start.Unix()
	if c.spans[at] == nil {
		c.spans[at] = &outcome{}
	}
	return c.spans[at]
}

// hour returns the hour of a span, nil if it is older than a day. Counts of a
// machine whose clock is ahead are in the last hour.
func (c *Calls) hour(t event.Tally) *Hour {
	if t.Start.Before(c.Since) {
		return nil
	}
	return &c.Hours[min(int(t.Start.Sub(c.Since)/time.Hour), dayHours-1)]
}

// day returns the day of a count by days, nil if it is older than Days.
func (c *Calls) day(t event.Tally) *Hour {
	if t.Start.Before(c.Days[0].Start) {
		return nil
	}
	return &c.Days[min(int(t.Start.Sub(c.Days[0].Start)/(dayHours*time.Hour)), HistoryDays-1)]
}

func (c *Calls) called(t event.Tally) {
	n := int(t.Count)
	c.Called = true
	c.span(t).calls += n
	if h := c.hour(t); h != nil {
		h.Calls += n
		c.Calls += n
		c.buckets[t.Detail] += n
	}
}

func (c *Calls) failed(t event.Tally) {
	n, cause := int(t.Count), event.Cause(t.Detail)
	if cause.OfCall() {
		s := c.span(t)
		s.failed += n
		s.cause = cause
	}
	h := c.hour(t)
	if h == nil {
		return
	}
	h.Failed += n
	c.Failed += n
	i := slices.IndexFunc(c.Causes, func(k Cause) bool { return k.Cause == cause })
	if i < 0 {
		i, c.Causes = len(c.Causes), append(c.Causes, Cause{Cause: cause})
	}
	c.Causes[i].Count += n
}

func (c *Calls) finish() {
	slices.SortFunc(c.Causes, func(a, b Cause) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Cause, b.Cause))
	})
	c.P50, c.P99 = quantile(c.buckets, c.Calls, 50), quantile(c.buckets, c.Calls, 99)
	var order []int64
	for at := range c.spans {
		order = append(order, at)
	}
	slices.Sort(order)
	for _, at := range slices.Backward(order) {
		s := c.spans[at]
		if s.failed == 0 || s.calls > s.failed {
			return
		}
		if c.LastCause == "" {
			c.LastCause = s.cause
		}
		c.FailingSince = time.Unix(at, 0).UTC()
	}
}

// quantile returns the length within which that many percent of the calls are,
// in milliseconds.
func quantile(buckets map[string]int, calls, percent int) int {
	type bucket struct {
		above, most time.Duration
		n           int
	}
	var list []bucket
	for name, n := range buckets {
		if above, most, ok := event.CallSpan(name); ok {
			list = append(list, bucket{above, most, n})
		}
	}
	slices.SortFunc(list, func(a, b bucket) int { return cmp.Compare(a.most, b.most) })
	rank := (calls*percent + 99) / 100
	for _, b := range list {
		if rank <= b.n {
			within := b.above + (b.most-b.above)*time.Duration(rank)/time.Duration(b.n)
			return max(1, int(within.Milliseconds()))
		}
		rank -= b.n
	}
	return 0
}
