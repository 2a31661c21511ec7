package words_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/console/words"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/explain"
	"github.com/gavel-rules/gavel/watchdog"
)

func TestEveryKindHasAWord(t *testing.T) {
	t.Parallel()
	check := func(value, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%q is %q, want %q", value, got, want)
		}
	}
	for value, want := range map[string]string{
		"*": "Any event", event.TypeWebhookTest: "Webhook test", event.TypeScheduled: "Meeting booked", event.TypeRescheduled: "Meeting moved",
		event.TypeCanceled: "Meeting canceled", event.TypeSettingChanged: "Setting changed", event.TypeProfileChanged: "Profile changed",
		event.TypeServiceAccountChanged: "Service account changed", "a.new.one": "a.new.one",
	} {
		check(value, words.EventName(value), want)
	}
	for value, want := range map[event.Status]string{event.StatusFailed: "Failed", "x": "X", "": ""} {
		check(string(value), words.StatusWord(value), want)
	}
	for value, want := range map[event.Outcome]string{
		event.OutcomeSucceeded: "Done", event.OutcomeFailed: "Failed", event.OutcomeSkipped: "Skipped", event.OutcomeWaited: "Waits", event.OutcomeUnknown: "May have arrived",
		event.OutcomeInterrupted: "Interrupted by a restart", event.OutcomeHeld: "Held back", event.OutcomeChanged: "Changed", "new": "new",
	} {
		check(string(value), words.OutcomeWord(value), want)
	}
	for value, want := range map[event.Cause]string{
		event.CauseAuth: "credentials refused", event.CauseRateLimited: "asked us to wait (429)", event.CauseClient: "request refused", event.CauseServer: "server error (5xx)",
		event.CauseTimeout: "timed out", event.CauseNetwork: "not reachable", event.CauseRefused: "not sent by Gavel", event.CauseExpression: "expression could not be evaluated", "new": "new",
	} {
		check(string(value), words.CauseWord(value), want)
	}
	for value, want := range map[explain.RuleVerdict]string{
		explain.VerdictMatched: "Matches", explain.VerdictNoMatch: "Does not match", explain.VerdictError: "Error in condition", explain.VerdictOtherType: "Other events",
		explain.VerdictDisabled: "Disabled", "new": "new",
	} {
		check(string(value), words.VerdictWord(value), want)
	}
	for value, want := range map[explain.ActionOutlook]string{
		explain.OutlookGoesOut: "would run", explain.OutlookHeld: "held back", explain.OutlookWaits: "would wait", explain.OutlookSkipped: "would be skipped",
		explain.OutlookUnknown: "depends on an earlier reply", explain.OutlookError: "would fail", explain.OutlookNever: "would not be reached", "new": "new",
	} {
		check(string(value), words.OutlookWord(value), want)
	}
	check("whole", words.Reading(&explain.Reading{Value: json.RawMessage(`"a"`)}), `"a"`)
	check("clipped", words.Reading(&explain.Reading{Value: json.RawMessage(`"a"`), Clipped: true}), `"a"…`)
	check("log#2", words.ActionName("log#2"), "log")
	check("find", words.ActionName("find"), "find")
	check("a person", words.FullName(event.Person{FirstName: "Jane", LastName: "Doe"}), "Jane Doe")
	check("half a name", words.FullName(event.Person{LastName: "Doe"}), "Doe")
	if n := words.Stored(map[event.Status]int64{"failed": 2, "waiting": 3, "running": 4}, "failed", "running", "pending"); n != 6 {
		t.Errorf("%d are stored, want 6", n)
	}
}

func TestNumbersAndTimes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 12345: "12,345", 1234567: "1,234,567", -1: "-1", -999: "-999", -1000: "-1,000", -123456: "-123,456"} {
		if got, long := words.Number(n), words.Number(int64(n)); got != want || long != want {
			t.Errorf("%d is %q and %q, want %q", n, got, long, want)
		}
	}
	at := time.Date(2026, 3, 5, 12, 0, 0, 0, time.FixedZone("", 3600))
	if got := words.ISO(at); got != "2026-03-05T11:00:00Z" {
		t.Errorf("ISO: %s", got)
	}
	if got := words.UTC(at); got != "5 Mar 2026, 11:00:00 UTC" {
		t.Errorf("UTC: %s", got)
	}
	for d, want := range map[time.Duration]string{
		-time.Second: "under 1 ms", time.Millisecond - 1: "under 1 ms", time.Millisecond: "1 ms", time.Second - 1: "999 ms", time.Second: "1.0 s", 1560 * time.Millisecond: "1.6 s",
		time.Minute: "1m0s", 90*time.Second + 400*time.Millisecond: "1m30s",
	} {
		if got := words.Took(at, at.Add(d)); got != want {
			t.Errorf("%d ns took %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "less than a second", time.Second - 1: "less than a second", time.Second: "1 second", 2*time.Second - 1: "1 second", 2 * time.Second: "2 seconds",
		time.Minute - 1: "59 seconds", time.Minute: "1 minute", 59 * time.Minute: "59 minutes", time.Hour: "1 hour", 23 * time.Hour: "23 hours", 24 * time.Hour: "1 day",
		47 * time.Hour: "1 day", 48 * time.Hour: "2 days", 24000 * time.Hour: "1,000 days",
	} {
		if got := words.Lasting(d); got != want {
			t.Errorf("%d ns last %q, want %q", d, got, want)
		}
	}
	for rate, want := range map[float64]string{5: "5 a second", 1: "1 a second", 0.5: "30 a minute", 1.0 / 60: "1 a minute", 1.0 / 3600: "1 an hour", 1.0 / 120: "30 an hour", 2.5: "2.5 a second"} {
		if got := words.Often(rate); got != want {
			t.Errorf("%v in a second is %q, want %q", rate, got, want)
		}
	}
}

func TestTextsAreCut(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", "äöü": "äöü", "äöüß": "äö…", "abcdefgh": "ab…"} {
		if got := words.Clip(text, 3); got != want {
			t.Errorf("%q is cut to %q, want %q", text, got, want)
		}
	}
	for id, want := range map[string]string{"": "", "0123456789abcdef": "0123456789abcdef", "0123456789abcdefg": "01234567…bcdefg"} {
		if got := words.Short(id); got != want {
			t.Errorf("%q is shortened to %q, want %q", id, got, want)
		}
	}
}

// TestPretty says that a payload was cut exactly when it was.
func TestPretty(t *testing.T) {
	t.Parallel()
	const most = 64 << 10
	for what, c := range map[string]struct {
		raw, want string
		cut       bool
	}{
		"empty":              {"", "", false},
		"compact":            {`{"a":[1,2]}`, "{\n  \"a\": [\n    1,\n    2\n  ]\n}", false},
		"indented by eight":  {"{\n        \"a\":         1\n}", "{\n  \"a\": 1\n}", false},
		"no JSON":            {"{half", "{half", false},
		"no text":            {"\xff{", "\uFFFD{", false},
		"as long as may be":  {`"` + strings.Repeat("x", most-2) + `"`, `"` + strings.Repeat("x", most-2) + `"`, false},
		"a letter more":      {`"` + strings.Repeat("x", most-1) + `"`, `"` + strings.Repeat("x", most-1), true},
		"far too long":       {`"` + strings.Repeat("x", 5*most) + `"`, `"` + strings.Repeat("x", most-1), true},
		"cut in a letter":    {`"` + strings.Repeat("é", most) + `"`, `"` + strings.Repeat("é", most/2-1), true},
		"no JSON, and whole": {strings.Repeat("x", most), strings.Repeat("x", most), false},
		"long and no JSON":   {strings.Repeat("x", most+1), strings.Repeat("x", most), true},
	} {
		want := c.want
		if c.cut {
			want += words.CutMark
		}
		if got := words.Pretty([]byte(c.raw)); got != want {
			t.Errorf("%s: %d letters, want %d; it ends %q", what, len(got), len(want), got[max(0, len(got)-60):])
		}
	}
}

// TestSourceNotices words what is wrong at the source at the limits of time.
func TestSourceNotices(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	quiet := func(ago time.Duration) string {
		found := words.SourceNotices(&watchdog.Report{State: watchdog.Quiet, LastEvent: now.Add(-ago), Basis: "learned"}, now)
		n := found["source"]
		if len(found) != 1 || n.Bad || n.Link != "/events" {
			t.Errorf("%s: %+v", ago, found)
		}
		return n.Plain()
	}
	const week = 7 * 24 * time.Hour
	if got := quiet(week - time.Second); !strings.HasSuffix(got, "before 10 Mar 2026, 12:00:01 UTC.") || !strings.Contains(got, "6 days") {
		t.Error(got)
	}
	if got := quiet(week); !strings.HasSuffix(got, " gone.") {
		t.Error(got)
	}
	never := words.SourceNotices(&watchdog.Report{State: watchdog.Quiet, Basis: "learned"}, now)["source"]
	if !strings.Contains(never.Text, "since Gavel was started") || !strings.Contains(never.Text, "(learned)") || never.Link != "" || never.More != "" || !never.At.IsZero() {
		t.Errorf("%+v", never)
	}
	for _, state := range []watchdog.State{watchdog.Active, watchdog.Learning, watchdog.Unwatched} {
		if found := words.SourceNotices(&watchdog.Report{State: state, LastEvent: now.Add(-week)}, now); len(found) != 0 {
			t.Errorf("%s: %+v", state, found)
		}
	}
	for burst, want := range map[watchdog.Burst]string{
		{On: true, Bad: 1}:             "No valid signature in the last 15 minutes: 1 request was rejected.",
		{On: true, Bad: 1200}:          "1,200 requests were rejected.",
		{On: true, Bad: 1200, Good: 1}: "Most signatures were invalid in the last 15 minutes: 1,200 requests were rejected, 1 accepted.",
	} {
		n := words.SourceNotices(&watchdog.Report{State: watchdog.Active, Signatures: burst}, now)["signatures"]
		if !strings.Contains(n.Plain(), want) || n.Bad != (burst.Good == 0) {
			t.Errorf("%+v: %+v", burst, n)
		}
	}
}
