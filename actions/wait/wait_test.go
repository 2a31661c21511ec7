package wait_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/actions/wait"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/text"
)

const now = "2026-03-20T10:00:00Z"

// wake works out one wait for a meeting, with the parameters in YAML flow
// style, reached at the constant now.
func wake(t *testing.T, meetingStart, settings string) (params.Wake, error) {
	t.Helper()
	source := "rules:\n  - name: r\n    event: \"*\"\n    actions:\n      - wait: " + settings + "\n"
	set, findings := rules.Load([]text.Source{{Name: "rules.yaml", Content: []byte(source)}},
		rules.Options{Kinds: params.Kinds{Actions: []params.Kind{wait.Kind()}}})
	if findings.HasErrors() {
		t.Fatalf("%s: %v", settings, findings)
	}
	at := moment(t, now)
	body, err := sample.Body(event.TypeScheduled, "e", at)
	if err != nil {
		t.Fatal(err)
	}
	if body, err = sample.Set(body, "meeting.meetingStart", meetingStart); err != nil {
		t.Fatal(err)
	}
	ev, err := decode.Event(body)
	if err != nil {
		t.Fatal(err)
	}
	scope := set.Scope(set.Rules[0], ev, language.ScopeOptions{Now: at})
	return set.Rules[0].Actions[0].Action.(params.Waiter).Wait(scope, at, at)
}

func moment(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestMoment(t *testing.T) {
	t.Parallel()
	check := func(name, meetingStart, params, want string) {
		t.Helper()
		w, err := wake(t, meetingStart, params)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		if got := w.At.UTC().Format(time.RFC3339); got != want || w.Skip {
			t.Errorf("%s: %s (skip %v), want %s\n%s", name, got, w.Skip, want, w.Reason)
		}
	}
	const friday = "2026-03-27T13:00:00Z"
	check("for", friday, `{ for: 2h }`, "2026-03-20T12:00:00Z")
	check("until", friday, `{ until: 'meeting.meetingStart - duration("24h")' }`, "2026-03-26T13:00:00Z")
	check("in the past goes on at once", "2026-03-20T09:00:00Z", `{ until: 'meeting.meetingStart - duration("24h")' }`, "2026-03-19T09:00:00Z")
	check("clock, winter", friday, `{ at: "09:00", days_before: 1, zone: Europe/Paris }`, "2026-03-26T08:00:00Z")
	check("clock, day before the change to summer time is 23 hours long", "2026-03-30T07:00:00Z",
		`{ at: "09:00", days_before: 1, zone: Europe/Paris }`, "2026-03-29T07:00:00Z")
	check("24 hours before the same meeting is another moment", "2026-03-30T07:00:00Z",
		`{ until: 'meeting.meetingStart - duration("24h")' }`, "2026-03-29T07:00:00Z")
	check("clock time that does not exist", "2026-03-30T07:00:00Z", `{ at: "02:30", days_before: 1, zone: Europe/Paris }`, "2026-03-29T01:00:00Z")
	check("clock time that comes twice", "2026-10-26T07:00:00Z", `{ at: "02:30", days_before: 1, zone: Europe/Paris }`, "2026-10-25T00:30:00Z")
	check("the day is that of the zone", "2026-03-27T23:30:00Z", `{ at: "09:00", days_before: 1, zone: Asia/Tokyo }`, "2026-03-27T00:00:00Z")
	check("days after another moment", friday, `{ at: "08:30", of: meeting.meetingEnd, days_after: 2, zone: America/New_York }`, "2026-03-24T12:30:00Z")

	const office = `only_between: { from: "09:00", to: "17:00", days: [weekdays], zone: Europe/Paris`
	check("inside office hours", friday, `{ until: meeting.meetingStart, `+office+` } }`, friday)
	check("evening is held until the next morning", "2026-03-25T19:00:00Z", `{ until: meeting.meetingStart, `+office+` } }`, "2026-03-26T08:00:00Z")
	check("Friday evening is held until Monday, in summer time", "2026-03-27T19:00:00Z", `{ until: meeting.meetingStart, `+office+` } }`, "2026-03-30T07:00:00Z")
	check("Sunday is brought forward to Friday evening", "2026-03-29T10:00:00Z",
		`{ until: meeting.meetingStart, `+office+`, otherwise: previous } }`, "2026-03-27T16:00:00Z")
	check("a holiday is passed over", "2026-03-27T19:00:00Z",
		`{ until: meeting.meetingStart, `+office+`, holidays: ["2026-03-30"] } }`, "2026-03-31T07:00:00Z")
	check("a night shift", "2026-03-25T12:00:00Z",
		`{ until: meeting.meetingStart, only_between: { from: "22:00", to: "06:00", zone: Europe/Paris } }`, "2026-03-25T21:00:00Z")
	check("inside a night shift", "2026-03-25T02:00:00Z",
		`{ until: meeting.meetingStart, only_between: { from: "22:00", to: "06:00", zone: Europe/Paris } }`, "2026-03-25T02:00:00Z")
}

// TestGapsAtMidnight: where the clock jumps over midnight, or over a whole day,
// a wait wakes at the end of the jump, not months early.
func TestGapsAtMidnight(t *testing.T) {
	t.Parallel()
	check := func(meetingStart, params, want string) {
		t.Helper()
		w, err := wake(t, meetingStart, params)
		if err != nil {
			t.Errorf("%s: %v", params, err)
			return
		}
		if got := w.At.UTC().Format(time.RFC3339); got != want {
			t.Errorf("%s, %s: %s, want %s", meetingStart, params, got, want)
		}
	}
	check("2026-09-06T15:00:00Z", `{ at: "00:00", zone: America/Santiago }`, "2026-09-06T04:00:00Z")
	check("2026-09-06T15:00:00Z", `{ at: "00:30", zone: America/Santiago }`, "2026-09-06T04:00:00Z")
	check("2026-03-29T09:00:00Z", `{ at: "00:00", zone: Asia/Beirut }`, "2026-03-28T22:00:00Z")
	check("2026-03-29T21:30:00Z", `{ at: "09:00", days_before: 1, zone: Asia/Beirut }`, "2026-03-29T06:00:00Z")
	check("2026-04-24T09:00:00Z", `{ at: "00:00", zone: Africa/Cairo }`, "2026-04-23T22:00:00Z")
	check("2011-12-31T12:00:00Z", `{ at: "09:00", days_before: 2, zone: Pacific/Apia }`, "2011-12-30T19:00:00Z")
	check("2026-09-06T03:30:00Z", `{ until: meeting.meetingStart, only_between: { from: "00:00", to: "24:00", zone: America/Santiago } }`, "2026-09-06T03:30:00Z")
	check("2026-09-05T20:00:00Z", `{ until: meeting.meetingStart, only_between: { from: "08:00", to: "24:00", zone: Europe/Paris } }`, "2026-09-05T20:00:00Z")
}

// TestHeldPastTheStart: a reminder is not held until its meeting has begun,
// unless its author says so.
func TestHeldPastTheStart(t *testing.T) {
	t.Parallel()
	check := func(params, want, reason string) {
		t.Helper()
		w, err := wake(t, "2026-03-26T09:30:00Z", params)
		if err != nil {
			t.Errorf("%s: %v", params, err)
			return
		}
		if got := w.At.UTC().Format(time.RFC3339); got != want || !strings.Contains(w.Reason, reason) {
			t.Errorf("%s: %s, want %s\n%s", params, got, want, w.Reason)
		}
	}
	const before = `{ until: 'meeting.meetingStart - duration("2h")', only_between: { from: "11:00", to: "17:00", zone: Europe/Paris`
	check(before+` } }`, "2026-03-25T16:00:00Z", "the next allowed time is after the meeting starts")
	check(before+`, otherwise: next } }`, "2026-03-26T10:00:00Z", ", after the meeting starts")
	check(before+`, otherwise: previous } }`, "2026-03-25T16:00:00Z", "brought forward")
	check(`{ until: meeting.meetingEnd + duration("10h"), only_between: { from: "11:00", to: "17:00", zone: Europe/Paris } }`, "2026-03-23T10:00:00Z", "held until")
}

// TestZonesOfStrangers: an answer that names no zone does not end the reminder.
func TestZonesOfStrangers(t *testing.T) {
	t.Parallel()
	const friday = "2026-03-27T13:00:00Z"
	check := func(zone, want string) {
		t.Helper()
		w, err := wake(t, friday, `{ at: "09:00", days_before: 1, zone: `+zone+` }`)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = w.At.UTC().Format(time.RFC3339)
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", zone, got, want)
		}
	}
	check(`["${{ answer('nope') }}", "${{ 'Mars/Olympus' }}", Europe/Paris]`, "2026-03-26T08:00:00Z")
	check(`["${{ ' Asia/Tokyo ' }}", Europe/Paris]`, "2026-03-26T00:00:00Z")
	check(`"${{ 'Mars/Olympus' }}"`, `"Mars/Olympus" is not a time zone; add a fallback zone`)
	check(`"${{ validZone('Mars/Olympus') ? 'x' : 'Europe/Paris' }}"`, "2026-03-26T08:00:00Z")
}

func TestIfPastSkip(t *testing.T) {
	t.Parallel()
	w, err := wake(t, "2026-03-20T12:00:00Z", `{ until: 'meeting.meetingStart - duration("24h")', if_past: skip }`)
	if err != nil || !w.Skip || !strings.Contains(w.Reason, "if_past") {
		t.Errorf("wake %+v, error %v", w, err)
	}
}

func TestNoMoment(t *testing.T) {
	t.Parallel()
	if w, err := wake(t, "", `{ at: "09:00", zone: Europe/Paris }`); err == nil {
		t.Errorf("a meeting without a start woke at %s", w.At)
	}
	if w, err := wake(t, "", `{ until: meeting.meetingStart }`); err == nil {
		t.Errorf("an empty time woke at %s", w.At)
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	check := func(settings, want string) {
		t.Helper()
		source := "rules:\n  - name: r\n    event: \"*\"\n    actions:\n      - wait: " + settings + "\n"
		_, findings := rules.Load([]text.Source{{Name: "rules.yaml", Content: []byte(source)}},
			rules.Options{Kinds: params.Kinds{Actions: []params.Kind{wait.Kind()}}})
		if !findings.HasErrors() || !strings.Contains(findings.Error(), want) {
			t.Errorf("%s: %v; want %q", settings, findings, want)
		}
	}
	check(`{}`, "exactly one of for, until or at")
	check(`{ for: 2h, until: meeting.meetingStart }`, "exactly one of for, until or at")
	check(`{ for: -2h }`, "for")
	check(`{ until: meeting.meetingName }`, "meetingName")
	check(`{ until: meeting.meetingInfo.meetingName }`, "time")
	check(`{ at: "9 o'clock", zone: Europe/Paris }`, "not a time of day")
	check(`{ at: "09:00" }`, "zone")
	check(`{ at: "09:00", zone: Europe/Pariss }`, "not a time zone")
	check(`{ for: 1h, only_between: { from: "09:00", to: "09:00", zone: UTC } }`, "leaves no time")
	check(`{ for: 1h, only_between: { from: "09:00", to: "17:00", days: [someday], zone: UTC } }`, "not a day of the week")
	check(`{ for: 1h, only_between: { from: "09:00", to: "17:00", holidays: [Christmas], zone: UTC } }`, "not a date")
	check(`{ for: 1h, if_past: maybe }`, "run, skip")
}
