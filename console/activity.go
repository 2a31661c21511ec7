package console

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/event"
)

const (
	// bucketWidth and bucketCount make the day that the overview shows.
	bucketWidth = 30 * time.Minute
	bucketCount = 48
	// maxNames bounds how many rules or connections a bucket counts apart.
	maxNames = 2000
)

// activity counts what happened over the last day, in buckets of half an hour.
type activity struct {
	now   func() time.Time
	began time.Time

	mu        sync.Mutex
	buckets   [bucketCount]bucket
	since     time.Time // counts are complete from here on
	lastEvent time.Time
	lastTest  time.Time // newest developer.webhook.test
}

// bucket holds the counts of one half hour.
type bucket struct {
	start    time.Time
	events   int
	byType   map[string]int
	rules    map[string]map[event.Status]int
	failures map[failureOf]int
}

// failureOf is one way in which attempts fail.
type failureOf struct {
	connection string
	cause      event.Cause
}

func newActivity(now func() time.Time) *activity {
	began := now()
	return &activity{now: now, began: began, since: began}
}

// start returns the beginning of the oldest bucket shown.
func (a *activity) start() time.Time {
	return a.now().UTC().Truncate(bucketWidth).Add(-(bucketCount - 1) * bucketWidth)
}

// at returns the bucket of a moment, emptied if it held an earlier day; nil
// for moments outside the day.
func (a *activity) at(t time.Time) *bucket {
	start := t.UTC().Truncate(bucketWidth)
	if start.Before(a.start()) || t.After(a.now().Add(bucketWidth)) {
		return nil
	}
	b := &a.buckets[int(start.Unix()/int64(bucketWidth/time.Second))%bucketCount]
	if !b.start.Equal(start) {
		*b = bucket{
			start: start, byType: map[string]int{},
			rules: map[string]map[event.Status]int{}, failures: map[failureOf]int{},
		}
	}
	return b
}

func (a *activity) event(ev *event.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.countEvent(ev)
}

func (a *activity) countEvent(ev *event.Event) {
	received := ev.Received
	if received.IsZero() {
		received = a.now()
	}
	if received.After(a.lastEvent) {
		a.lastEvent = received
	}
	if ev.Type == event.TypeWebhookTest && received.After(a.lastTest) {
		a.lastTest = received
	}
	if b := a.at(received); b != nil {
		b.events++
		if _, known := b.byType[ev.Type]; known || len(b.byType) < maxNames {
			b.byType[ev.Type]++
		}
	}
}

// run counts a run that has ended.
func (a *activity) run(run *event.Run) {
	if !run.Status.Done() {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.countRun(run)
}

func (a *activity) countRun(run *event.Run) {
	b := a.at(run.Finished)
	if b == nil {
		return
	}
	counts := b.rules[run.Rule]
	if counts == nil {
		if len(b.rules) >= maxNames {
			return
		}
		counts = map[event.Status]int{}
		b.rules[run.Rule] = counts
	}
	counts[run.Status]++
}

func (a *activity) failure(connection string, cause event.Cause) {
	a.mu.Lock()
	defer a.mu.Unlock()
	b := a.at(a.now())
	key := failureOf{connection, cause}
	if _, known := b.failures[key]; known || len(b.failures) < maxNames {
		b.failures[key]++
	}
}

func (a *activity) seed(events []*event.Record, runs []*event.Run, complete bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	oldest := a.began
	for _, rec := range events {
		a.countEvent(rec.Event)
		if rec.Event.Received.Before(oldest) {
			oldest = rec.Event.Received
		}
	}
	for _, run := range runs {
		if run.Status.Done() && run.Finished.Before(a.began) {
			a.countRun(run)
		}
	}
	a.since = oldest
	if complete {
		a.since = a.start()
	}
}

// summary is a copy of the counts for one page.
type summary struct {
	Since     time.Time // counts are complete from here on
	Whole     bool      // they are complete for the whole day
	Buckets   []bucketSum
	Events    int
	Runs      map[event.Status]int
	Rules     map[string]map[event.Status]int
	Failures  []failureSum // most first
	LastEvent time.Time
	LastTest  time.Time
}

type bucketSum struct {
	Start                     time.Time
	Events, Succeeded, Failed int
}

type failureSum struct {
	Connection string
	Cause      event.Cause
	Count      int
}

func (a *activity) summary() summary {
	a.mu.Lock()
	defer a.mu.Unlock()
	start := a.start()
	s := summary{
		Since: a.since, Whole: !a.since.After(start), LastEvent: a.lastEvent, LastTest: a.lastTest,
		Runs: map[event.Status]int{}, Rules: map[string]map[event.Status]int{},
	}
	failures := map[failureOf]int{}
	for i := range bucketCount {
		at := start.Add(time.Duration(i) * bucketWidth)
		s.Buckets = append(s.Buckets, s.add(a.at(at), failures))
	}
	for key, n := range failures {
		s.Failures = append(s.Failures, failureSum{key.connection, key.cause, n})
	}
	slices.SortFunc(s.Failures, func(x, y failureSum) int {
		if x.Count != y.Count {
			return y.Count - x.Count
		}
		return cmp.Or(cmp.Compare(x.Connection, y.Connection), cmp.Compare(x.Cause, y.Cause))
	})
	return s
}

// add sums one bucket up.
func (s *summary) add(b *bucket, failures map[failureOf]int) bucketSum {
	sum := bucketSum{Start: b.start, Events: b.events}
	s.Events += b.events
	for rule, counts := range b.rules {
		total := s.Rules[rule]
		if total == nil {
			total = map[event.Status]int{}
			s.Rules[rule] = total
		}
		for status, n := range counts {
			total[status] += n
			s.Runs[status] += n
		}
		sum.Succeeded += counts[event.StatusSucceeded]
		sum.Failed += counts[event.StatusFailed]
	}
	for key, n := range b.failures {
		failures[key] += n
	}
	return sum
}
