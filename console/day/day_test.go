package day_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/console/day"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/watchdog"
)

func now() time.Time { return time.Date(2026, 3, 10, 12, 10, 0, 0, time.UTC) }

// begin is the first of the 48 half hours that end after now.
func begin() time.Time { return time.Date(2026, 3, 9, 12, 30, 0, 0, time.UTC) }

// counts is a ledger that has counted.
type counts struct {
	backend.Ledger
	tallies        []event.Tally
	newest         map[string]time.Time // by type
	since          time.Time
	calls, failing int
}

var errBroken = errors.New("the disk is gone")

func (c *counts) fails() error {
	if c.calls++; c.calls == c.failing {
		return errBroken
	}
	return nil
}

func (c *counts) Tallies(_ context.Context, since time.Time) ([]event.Tally, error) {
	c.since = since
	return c.tallies, c.fails()
}

func (c *counts) Events(_ context.Context, f event.EventFilter) ([]*event.Record, error) {
	if err := c.fails(); err != nil {
		return []*event.Record{{Event: &event.Event{}}}, err
	}
	at, ok := c.newest[f.Type]
	if !ok {
		return nil, nil
	}
	return []*event.Record{{Event: &event.Event{Received: at}}}, nil
}

func TestRead(t *testing.T) {
	t.Parallel()
	at := func(span int) time.Time { return begin().Add(time.Duration(span) * day.Span) }
	ended := func(span int, rule string, s event.Status, n int64) event.Tally {
		return event.Tally{Start: at(span), Kind: event.TallyEnded, Name: rule, Detail: string(s), Count: n}
	}
	failed := func(connection string, c event.Cause, n int64) event.Tally {
		return event.Tally{Start: at(5), Kind: event.TallyFailures, Name: connection, Detail: string(c), Count: n}
	}
	c := &counts{newest: map[string]time.Time{"": at(3), event.TypeWebhookTest: at(2)}, tallies: []event.Tally{
		{Start: at(-2), Kind: event.TallyEvents, Name: "a", Count: 1000}, // before the day
		{Start: at(0), Kind: event.TallyEvents, Name: "a", Count: 1}, {Start: at(0), Kind: event.TallyEvents, Name: "b", Count: 2},
		{Start: at(47), Kind: event.TallyEvents, Name: "a", Count: 4}, {Start: at(60), Kind: event.TallyEvents, Name: "a", Count: 8}, // a clock that is ahead
		{Start: at(1), Kind: event.TallyMatches, Name: "two", Count: 5}, {Start: at(2), Kind: event.TallyMatches, Name: "two", Count: 1}, {Start: at(2), Kind: event.TallyMatches, Name: "one", Count: 1},
		ended(1, "two", event.StatusSucceeded, 3), ended(2, "two", event.StatusFailed, 2), ended(2, "three", event.StatusFailed, 1), ended(2, "two", event.StatusSkipped, 7),
		failed("crm", event.CauseTimeout, 1), failed("crm", event.CauseTimeout, 1), failed("slack", event.CauseAuth, 2), failed("crm", event.CauseAuth, 2), failed("crm", event.CauseServer, 9),
	}}
	d, err := day.Read(t.Context(), c, now())
	if err != nil || !c.since.Equal(begin()) || !d.Since.Equal(begin()) || !d.LastEvent.Equal(at(3)) || !d.LastTest.Equal(at(2)) {
		t.Fatalf("since %s, asked since %s, last event %s, last test %s, %v", d.Since, c.since, d.LastEvent, d.LastTest, err)
	}
	var spans []api.DaySpan
	for _, s := range d.Spans {
		if s.Events+s.Succeeded+s.Failed > 0 {
			spans = append(spans, s)
		}
	}
	want := []api.DaySpan{{Start: at(0), Events: 3}, {Start: at(1), Succeeded: 3}, {Start: at(2), Failed: 3}, {Start: at(47), Events: 12}}
	if diff := cmp.Diff(want, spans); diff != "" || len(d.Spans) != 48 || d.Events != 15 {
		t.Errorf("%d spans, %d events (-want +got)\n%s", len(d.Spans), d.Events, diff)
	}
	if diff := cmp.Diff(map[event.Status]int{event.StatusSucceeded: 3, event.StatusFailed: 3, event.StatusSkipped: 7}, d.Runs); diff != "" {
		t.Errorf("runs (-want +got)\n%s", diff)
	}
	two := api.DayRule{Rule: "two", Matched: 6, Ended: map[event.Status]int{event.StatusSucceeded: 3, event.StatusFailed: 2, event.StatusSkipped: 7}}
	rules := []api.DayRule{{Rule: "one", Matched: 1}, {Rule: "three", Ended: map[event.Status]int{event.StatusFailed: 1}}, two}
	if diff := cmp.Diff(rules, d.Rules); diff != "" {
		t.Errorf("rules (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(two, d.Rule("two")); diff != "" {
		t.Errorf("one rule (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(api.DayRule{Rule: "onf"}, d.Rule("onf")); diff != "" {
		t.Errorf("a rule that did nothing (-want +got)\n%s", diff)
	}
	failures := []api.DayFailure{
		{Connection: "crm", Cause: event.CauseServer, Count: 9}, {Connection: "crm", Cause: event.CauseAuth, Count: 2},
		{Connection: "crm", Cause: event.CauseTimeout, Count: 2}, {Connection: "slack", Cause: event.CauseAuth, Count: 2},
	}
	if diff := cmp.Diff(failures, d.Failures); diff != "" {
		t.Errorf("failures (-want +got)\n%s", diff)
	}
	for i := 1; i <= 3; i++ {
		if _, err := day.Read(t.Context(), &counts{failing: i}, now()); !errors.Is(err, errBroken) {
			t.Errorf("with call %d broken: %v", i, err)
		}
	}
	if d, err := day.Read(t.Context(), &counts{}, now()); err != nil || !d.LastEvent.IsZero() || !d.LastTest.IsZero() || d.Rules == nil || d.Failures == nil {
		t.Errorf("an empty store: %+v, %v", d, err)
	}
}

// TestSource takes the later of what the watch and what the store know.
func TestSource(t *testing.T) {
	t.Parallel()
	early, late := now().Add(-time.Hour), now()
	for _, c := range []struct{ stored, watched, want time.Time }{{early, late, late}, {late, early, late}, {early, time.Time{}, early}, {time.Time{}, late, late}} {
		d := day.Day{LastEvent: c.stored, LastTest: c.stored}
		got := d.Source(watchdog.Report{State: watchdog.Quiet, LastEvent: c.watched, Validated: c.watched})
		if !got.LastEvent.Equal(c.want) || !got.Validated.Equal(c.want) || got.State != watchdog.Quiet {
			t.Errorf("stored %s, watched %s: %+v", c.stored, c.watched, got)
		}
	}
}

func TestChart(t *testing.T) {
	t.Parallel()
	spans := make([]api.DaySpan, 48)
	for i := range spans {
		spans[i].Start = begin().Add(time.Duration(i) * day.Span)
	}
	spans[0] = api.DaySpan{Start: begin(), Events: 1000, Succeeded: 7, Failed: 500}
	spans[1].Events, spans[2].Failed = 1, 1
	c := day.NewChart(spans)
	if len(c.Bars) != 48 || c.Events != 1001 || c.Failed != 501 || len(c.Labels) != 6 || len(c.Lines) != 2 {
		t.Fatalf("%d bars, %d events, %d failed, %d labels, %d lines", len(c.Bars), c.Events, c.Failed, len(c.Labels), len(c.Lines))
	}
	b := c.Bars[0]
	if b.Height != c.Height || b.Y != 0 || b.FailHeight != c.FailHeight || b.FailY != 0 || c.MostFailed != 500 || !b.Start.Equal(begin()) || !b.End.Equal(begin().Add(30*time.Minute)) ||
		b.Events != 1000 || b.Done != 7 || b.Failing != 500 {
		t.Errorf("the highest bar is %+v", b)
	}
	if c.Bars[1].Height < 2 || c.Bars[2].FailHeight < 2 || c.Bars[3].Height != 0 || c.Bars[1].FailHeight != 0 {
		t.Errorf("something is drawn as nothing: %+v, %+v, %+v", c.Bars[1], c.Bars[2], c.Bars[3])
	}
	for i, b := range c.Bars {
		if end := b.X + b.Width; b.Width <= 0 || b.X < 0 || end > c.Width || i > 0 && b.X <= c.Bars[i-1].X+c.Bars[i-1].Width {
			t.Errorf("bar %d is from %d to %d", i, b.X, end)
		}
	}
	for i, l := range c.Labels {
		if want := begin().Add(time.Duration(i) * 4 * time.Hour); !l.At.Equal(want) || l.X != i*c.Width/6 {
			t.Errorf("label %d is at %d for %s", i, l.X, l.At)
		}
	}
	if c.Lines[0].Label != 1000 || c.Lines[0].Y != 0 || c.Lines[1].Label != 500 || c.Lines[1].Y != c.Height/2 {
		t.Errorf("the lines are %+v", c.Lines)
	}
	failing := day.NewChart([]api.DaySpan{{Failed: 100}})
	if b := failing.Bars[0]; b.FailHeight != failing.FailHeight || failing.Lines[0].Label != 4 {
		t.Errorf("a day of failures alone: %+v", b)
	}
	if calm := day.NewChart(nil); len(calm.Bars) != 0 || calm.Lines[0].Label != 4 || calm.Lines[1].Label != 2 {
		t.Errorf("a calm day: %+v", calm)
	}
}
