// Package day sums up what happened over the last day, for the pages and the
// API.
package day

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/console/words"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/watchdog"
)

// A day has spanCount spans of Span.
const (
	Span      = event.TallyWidth
	spanCount = 48
)

// Day is what happened over the last day, on all machines.
type Day struct {
	api.Day
	Runs      map[event.Status]int // that ended
	LastEvent time.Time
	LastTest  time.Time // newest developer.webhook.test
}

// Read reads the counts of the last day.
func Read(ctx context.Context, ledger backend.Ledger, now time.Time) (Day, error) {
	start := now.UTC().Truncate(Span).Add(-(spanCount - 1) * Span)
	tallies, err := ledger.Tallies(ctx, start)
	if err != nil {
		return Day{}, err
	}
	d := sumUp(start, tallies)
	if d.LastEvent, err = newestOf(ctx, ledger, ""); err != nil {
		return d, err
	}
	d.LastTest, err = newestOf(ctx, ledger, event.TypeWebhookTest)
	return d, err
}

// Rule returns the counts of a rule; the zero value when it did nothing.
func (d *Day) Rule(name string) api.DayRule {
	i, found := slices.BinarySearchFunc(d.Rules, name, func(r api.DayRule, name string) int { return cmp.Compare(r.Rule, name) })
	if !found {
		return api.DayRule{Rule: name}
	}
	return d.Rules[i]
}

// Source returns the state of the event source, including events stored since
// the watchdog last looked.
func (d *Day) Source(watched watchdog.Report) watchdog.Report {
	if d.LastEvent.After(watched.LastEvent) {
		watched.LastEvent = d.LastEvent
	}
	if d.LastTest.After(watched.Validated) {
		watched.Validated = d.LastTest
	}
	return watched
}

// newestOf returns when the newest event of a type was received, of any type but
// Gavel's own if it is empty; zero when there is none.
func newestOf(ctx context.Context, ledger backend.Ledger, eventType string) (time.Time, error) {
	found, err := ledger.Events(ctx, event.EventFilter{Type: eventType, Sent: true, Limit: 1})
	if err != nil || len(found) == 0 {
		return time.Time{}, err
	}
	return found[0].Event.Received, nil
}

func sumUp(start time.Time, tallies []event.Tally) Day {
	d := Day{Day: api.Day{Since: start, Rules: []api.DayRule{}, Failures: []api.DayFailure{}, Refused: []api.DayRefusal{}}, Runs: map[event.Status]int{}}
	for i := range spanCount {
		d.Spans = append(d.Spans, api.DaySpan{Start: start.Add(time.Duration(i) * Span)})
	}
	rules, failures, refused := map[string]api.DayRule{}, map[api.DayFailure]int{}, map[string]int{}
	for _, t := range tallies {
		// Counts from a machine whose clock is ahead go into the last span.
		i := min(int(t.Start.Sub(start)/Span), spanCount-1)
		if i < 0 {
			continue
		}
		n, rule := int(t.Count), rules[t.Name]
		switch t.Kind {
		case event.TallyEvents:
			d.Events += n
			d.Spans[i].Events += n
		case event.TallyMatches:
			rule.Rule, rule.Matched = t.Name, rule.Matched+n
			rules[t.Name] = rule
		case event.TallyEnded:
			rule.Rule = t.Name
			if rule.Ended == nil {
				rule.Ended = map[event.Status]int{}
			}
			rule.Ended[event.Status(t.Detail)] += n
			rules[t.Name] = rule
			d.ended(&d.Spans[i], event.Status(t.Detail), n)
		case event.TallyFailures:
			failures[api.DayFailure{Connection: t.Name, Cause: event.Cause(t.Detail)}] += n
		case event.TallyRefused:
			refused[t.Name] += n
		}
	}
	for _, r := range rules {
		d.Rules = append(d.Rules, r)
	}
	slices.SortFunc(d.Rules, func(a, b api.DayRule) int { return cmp.Compare(a.Rule, b.Rule) })
	for f, n := range failures {
		f.Count = n
		d.Failures = append(d.Failures, f)
	}
	slices.SortFunc(d.Failures, func(a, b api.DayFailure) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Cause, b.Cause))
	})
	d.refused(refused)
	return d
}

func (d *Day) refused(counts map[string]int) {
	for reason, n := range counts {
		d.Refused = append(d.Refused, api.DayRefusal{Reason: reason, Text: words.RefusalWord(reason), Count: n})
	}
	slices.SortFunc(d.Refused, func(a, b api.DayRefusal) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
}

// Refusals returns how many requests were refused.
func (d *Day) Refusals() (n int) {
	for _, r := range d.Refused {
		n += r.Count
	}
	return n
}

func (d *Day) ended(s *api.DaySpan, status event.Status, n int) {
	d.Runs[status] += n
	switch status {
	case event.StatusSucceeded:
		s.Succeeded += n
	case event.StatusFailed:
		s.Failed += n
	}
}
