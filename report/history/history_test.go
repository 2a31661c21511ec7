package history_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/report/history"
)

func now() time.Time { return time.Date(2026, 3, 10, 12, 10, 0, 0, time.UTC) }

func tally(ago time.Duration, kind event.TallyKind, name, detail string, n int64) event.Tally {
	return event.Tally{Start: now().Add(-ago).Truncate(event.TallyWidth), Kind: kind, Name: name, Detail: detail, Count: n}
}

func TestCalls(t *testing.T) {
	t.Parallel()
	ms := func(n int) string { return event.CallBucket(time.Duration(n) * time.Millisecond) }
	calls := history.CallsOf([]event.Tally{
		tally(40*time.Hour, event.TallyCalls, "crm", ms(10), 1000),
		tally(5*time.Hour, event.TallyCalls, "crm", ms(100), 98), tally(5*time.Hour, event.TallyCalls, "crm", ms(3000), 2),
		tally(5*time.Hour, event.TallyFailures, "crm", "server", 2), tally(5*time.Hour, event.TallyFailures, "crm", "expression", 1),
		tally(-2*time.Hour, event.TallyCalls, "crm", ms(100), 1), // of a clock that is ahead
	}, nil, now())["crm"]
	if calls.Calls != 101 || calls.Failed != 3 || len(calls.Hours) != 24 || !calls.Called || !calls.FailingSince.IsZero() {
		t.Errorf("%d calls, %d failed, %d hours, called %t, failing since %s", calls.Calls, calls.Failed, len(calls.Hours), calls.Called, calls.FailingSince)
	}
	if calls.P50 < 67 || calls.P50 > 133 || calls.P99 < 2000 || calls.P99 > 4000 {
		t.Errorf("half within %d ms, 99 %% within %d ms", calls.P50, calls.P99)
	}
	if h := calls.Hours[18]; h.Calls != 100 || h.Failed != 3 || !h.Start.Equal(time.Date(2026, 3, 10, 7, 0, 0, 0, time.UTC)) || calls.Hours[23].Calls != 1 {
		t.Errorf("the hours are %+v", calls.Hours)
	}
	if diff := cmp.Diff([]history.Cause{{Cause: event.CauseServer, Count: 2}, {Cause: event.CauseExpression, Count: 1}}, calls.Causes); diff != "" {
		t.Error(diff)
	}
}

// TestFailingSince is since the oldest of the newest half hours in which no call
// succeeded. Those without calls say nothing.
func TestFailingSince(t *testing.T) {
	t.Parallel()
	call := func(ago time.Duration, n int64) event.Tally {
		return tally(ago, event.TallyCalls, "crm", event.CallBucket(time.Second), n)
	}
	fail := func(ago time.Duration, n int64) event.Tally {
		return tally(ago, event.TallyFailures, "crm", "timeout", n)
	}
	check := func(name string, want time.Duration, spans ...event.Tally) {
		got := history.CallsOf(spans, nil, now())["crm"]
		if want == 0 && got.FailingSince.IsZero() {
			return
		}
		if since := now().Add(-want).Truncate(event.TallyWidth); !got.FailingSince.Equal(since) || got.LastCause != event.CauseTimeout {
			t.Errorf("%s: since %s because of %q, want %s", name, got.FailingSince, got.LastCause, since)
		}
	}
	check("works", 0, call(time.Hour, 3))
	check("some fail", 0, call(time.Hour, 3), fail(time.Hour, 2))
	check("all fail", time.Hour, call(time.Hour, 3), fail(time.Hour, 3))
	check("works again", 0, call(2*time.Hour, 3), fail(2*time.Hour, 3), call(time.Hour, 1))
	check("for long", 5*time.Hour, call(7*time.Hour, 2), fail(7*time.Hour, 1), call(5*time.Hour, 1), fail(5*time.Hour, 1), call(time.Hour, 9), fail(time.Hour, 9))
}

func TestNothing(t *testing.T) {
	t.Parallel()
	c := history.NoCalls(now())
	if c.Called || c.P50 != 0 || len(c.Hours) != 24 || c.Causes == nil {
		t.Errorf("a connection that was never called: %+v", c)
	}
	old := history.CallsOf(nil, []event.Tally{tally(20*24*time.Hour, event.TallyCalls, "crm", "1", 1)}, now())["crm"]
	if !old.Called || old.Calls != 0 {
		t.Errorf("one that was called weeks ago: %+v", old)
	}
}

func TestMonths(t *testing.T) {
	t.Parallel()
	day := func(ago int, kind event.TallyKind, rule, detail string, n int64) event.Tally {
		at := now().Truncate(24*time.Hour).AddDate(0, 0, -ago)
		return event.Tally{Start: at, Kind: kind, Name: rule, Detail: detail, Count: n}
	}
	months := history.MonthsOf([]event.Tally{
		day(30, event.TallyMatches, "a", "", 100), day(29, event.TallyMatches, "a", "", 1), day(0, event.TallyMatches, "a", "", 2), day(-1, event.TallyMatches, "a", "", 4),
		day(3, event.TallyEnded, "a", "failed", 5), day(3, event.TallyEnded, "a", "succeeded", 5), day(3, event.TallyEvents, "b", "", 5),
	}, now())
	m := months["a"]
	if m.Matched != 7 || m.Failed != 5 || len(m.Days) != 30 || m.Days[0].Matched != 1 || m.Days[29].Matched != 6 || m.Days[26].Failed != 5 || len(months) != 1 {
		t.Errorf("%+v", months)
	}
}

func TestWeeks(t *testing.T) {
	t.Parallel()
	hour := func(ago time.Duration, kind event.TallyKind, n int64) event.Tally {
		return event.Tally{Start: now().Add(-ago).Truncate(time.Hour), Kind: kind, Name: "crm", Count: n}
	}
	week := history.WeeksOf([]event.Tally{
		hour(8*24*time.Hour, event.TallyCalls, 9), hour(7*24*time.Hour-time.Hour, event.TallyCalls, 5), hour(time.Hour, event.TallyCalls, 3), hour(time.Hour, event.TallyFailures, 2),
		hour(-2*time.Hour, event.TallyCalls, 1), // of a clock that is ahead
	}, now())["crm"]
	if len(week) != 7*24 || week[0].Calls != 5 || week[7*24-2] != (history.Hour{Start: now().Add(-time.Hour).Truncate(time.Hour), Calls: 3, Failed: 2}) || week[7*24-1].Calls != 1 {
		t.Errorf("%d hours: %+v … %+v", len(week), week[0], week[7*24-2:])
	}
}
