package console

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
)

const (
	// bucketCount buckets of bucketWidth make the day that the pages show.
	bucketWidth = event.TallyWidth
	bucketCount = 48
)

// dayStart returns the beginning of the day that the pages show.
func (c *Console) dayStart() time.Time {
	return c.Now().UTC().Truncate(bucketWidth).Add(-(bucketCount - 1) * bucketWidth)
}

// summary is what happened over the last day, on all machines.
type summary struct {
	Buckets   []bucketSum
	Events    int
	Runs      map[event.Status]int // that ended
	Rules     map[string]ruleSum
	Failures  []failureSum // most first
	LastEvent time.Time
	LastTest  time.Time // newest developer.webhook.test
}

// bucketSum is one bar of the chart.
type bucketSum struct {
	Start                     time.Time
	Events, Succeeded, Failed int
}

// ruleSum is what a rule did.
type ruleSum struct {
	Matched int
	Ended   map[event.Status]int
}

// failureSum is one way in which attempts failed.
type failureSum struct {
	Connection string
	Cause      event.Cause
	Count      int
}

// readDay reads what the store has counted over the last day.
func (c *Console) readDay(ctx context.Context) (summary, error) {
	tallies, err := c.Ledger.Tallies(ctx, c.dayStart())
	if err != nil {
		return summary{}, err
	}
	s := sumUp(c.dayStart(), tallies)
	if s.LastEvent, err = c.newestOf(ctx, ""); err != nil {
		return s, err
	}
	s.LastTest, err = c.newestOf(ctx, event.TypeWebhookTest)
	return s, err
}

// newestOf returns when the newest event of a type was received, of any type
// if it is empty; zero when there is none.
func (c *Console) newestOf(ctx context.Context, eventType string) (time.Time, error) {
	found, err := c.Ledger.Events(ctx, event.EventFilter{Type: eventType, Limit: 1})
	if err != nil || len(found) == 0 {
		return time.Time{}, err
	}
	return found[0].Event.Received, nil
}

func sumUp(start time.Time, tallies []event.Tally) summary {
	s := summary{Runs: map[event.Status]int{}, Rules: map[string]ruleSum{}}
	for i := range bucketCount {
		s.Buckets = append(s.Buckets, bucketSum{Start: start.Add(time.Duration(i) * bucketWidth)})
	}
	failures := map[failureSum]int{}
	for _, t := range tallies {
		// What another machine's clock puts ahead of this one's is not lost.
		i := min(int(t.Start.Sub(start)/bucketWidth), bucketCount-1)
		if i < 0 {
			continue
		}
		n := int(t.Count)
		switch t.Kind {
		case event.TallyEvents:
			s.Events += n
			s.Buckets[i].Events += n
		case event.TallyMatches:
			rule := s.Rules[t.Name]
			rule.Matched += n
			s.Rules[t.Name] = rule
		case event.TallyEnded:
			s.ended(&s.Buckets[i], t.Name, event.Status(t.Detail), n)
		case event.TallyFailures:
			failures[failureSum{Connection: t.Name, Cause: event.Cause(t.Detail)}] += n
		}
	}
	for f, n := range failures {
		f.Count = n
		s.Failures = append(s.Failures, f)
	}
	slices.SortFunc(s.Failures, func(a, b failureSum) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Cause, b.Cause))
	})
	return s
}

func (s *summary) ended(b *bucketSum, name string, status event.Status, n int) {
	rule := s.Rules[name]
	if rule.Ended == nil {
		rule.Ended = map[event.Status]int{}
	}
	rule.Ended[status] += n
	s.Rules[name] = rule
	s.Runs[status] += n
	switch status {
	case event.StatusSucceeded:
		b.Succeeded += n
	case event.StatusFailed:
		b.Failed += n
	}
}
