package wait_test

import (
	"encoding/json"
	"fmt"
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

// TestEdgesOfTheHours: the first minute is inside, the last one ends them.
func TestEdgesOfTheHours(t *testing.T) {
	t.Parallel()
	check := func(start, hours, want, reason string) {
		t.Helper()
		w, err := wake(t, start, `{ until: 'meeting.meetingStart + duration("0s")', only_between: { `+hours+`, zone: UTC } }`)
		if err != nil {
			t.Errorf("%s: %v", hours, err)
			return
		}
		if got := w.At.UTC().Format("2006-01-02T15:04:05"); got != want || !strings.HasSuffix(w.Reason, reason) {
			t.Errorf("%s, %s: %s, want %s\n%s", start, hours, got, want, w.Reason)
		}
	}
	const day, night = `from: "09:00", to: "17:00"`, `from: "22:00", to: "06:00"`
	const same = " is 2026-03-25 "
	check("2026-03-25T09:00:00Z", day, "2026-03-25T09:00:00", same+"09:00:00 UTC")
	check("2026-03-25T16:59:59Z", day, "2026-03-25T16:59:59", same+"16:59:59 UTC")
	check("2026-03-25T17:00:00Z", day, "2026-03-26T09:00:00", "; held until Thu 2026-03-26 09:00 UTC")
	check("2026-03-25T08:59:59Z", day, "2026-03-25T09:00:00", "; held until Wed 2026-03-25 09:00 UTC")
	check("2026-03-25T17:00:00Z", day+`, otherwise: previous`, "2026-03-25T17:00:00", same+"17:00:00 UTC")
	check("2026-03-25T17:00:01Z", day+`, otherwise: previous`, "2026-03-25T17:00:00", "; brought forward to Wed 2026-03-25 17:00 UTC")
	check("2026-03-25T08:59:59Z", day+`, otherwise: previous`, "2026-03-24T17:00:00", "; brought forward to Tue 2026-03-24 17:00 UTC")
	check("2026-03-25T22:00:00Z", night, "2026-03-25T22:00:00", same+"22:00:00 UTC")
	check("2026-03-25T05:59:59Z", night, "2026-03-25T05:59:59", same+"05:59:59 UTC")
	check("2026-03-25T06:00:00Z", night, "2026-03-25T22:00:00", "; held until Wed 2026-03-25 22:00 UTC")
	check("2026-03-25T23:59:59Z", `from: "18:00", to: "24:00"`, "2026-03-25T23:59:59", same+"23:59:59 UTC")
	check("2026-03-26T00:00:00Z", `from: "18:00", to: "24:00"`, "2026-03-26T18:00:00", "; held until Thu 2026-03-26 18:00 UTC")
	// A night belongs to the day that it begins on.
	check("2026-03-29T02:00:00Z", night+`, days: [sat]`, "2026-03-29T02:00:00", "02:00:00 UTC")
	check("2026-03-30T02:00:00Z", night+`, days: [sat]`, "2026-04-04T22:00:00", "; held until Sat 2026-04-04 22:00 UTC")
	check("2026-03-29T02:00:00Z", night+`, holidays: ["2026-03-28"]`, "2026-03-29T22:00:00", "; held until Sun 2026-03-29 22:00 UTC")
	// 3 April is Good Friday; in Germany, Monday is free too.
	check("2026-04-02T18:00:00Z", day+`, days: [weekdays], holidays: [DE]`, "2026-04-07T09:00:00", "; held until Tue 2026-04-07 09:00 UTC")
	check("2026-04-02T18:00:00Z", day+`, days: [weekdays], holidays: [fr, "2026-04-07"]`, "2026-04-03T09:00:00", "; held until Fri 2026-04-03 09:00 UTC")
	// 25 March is a Wednesday. Days may be written in full and in any case.
	for _, days := range []string{"[WED]", "[wednesday]", "[Weekdays]", "[sun, mon, tue, wed, thu, fri, sat]", "[]"} {
		check("2026-03-25T10:00:00Z", day+`, days: `+days, "2026-03-25T10:00:00", same+"10:00:00 UTC")
	}
	check("2026-03-25T10:00:00Z", day+`, days: [sunday]`, "2026-03-29T09:00:00", "; held until Sun 2026-03-29 09:00 UTC")
	check("2026-03-28T10:00:00Z", day+`, days: [weekdays]`, "2026-03-30T09:00:00", "; held until Mon 2026-03-30 09:00 UTC")
	check("2026-03-28T10:00:00Z", day+`, days: [weekdays, sat]`, "2026-03-28T10:00:00", "10:00:00 UTC")
	check("2026-03-29T10:00:00Z", day+`, days: [weekdays, sat]`, "2026-03-30T09:00:00", "; held until Mon 2026-03-30 09:00 UTC")
}

// TestNoHoursInAYear: a year of holidays is told, not searched for ever.
func TestNoHoursInAYear(t *testing.T) {
	t.Parallel()
	holidays := func(days int) string {
		list, day := make([]string, days), time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
		for i := range list {
			list[i] = fmt.Sprintf("%q", day.AddDate(0, 0, i).Format(time.DateOnly))
		}
		return strings.Join(list, ", ")
	}
	for _, otherwise := range []string{"next", "previous"} {
		for days, want := range map[int]bool{50: true, 800: false} {
			w, err := wake(t, "2026-03-25T19:00:00Z", `{ for: 1h, only_between: { from: "09:00", to: "17:00", zone: UTC, otherwise: `+otherwise+`, holidays: [`+holidays(days)+`] } }`)
			switch {
			case want && err != nil:
				t.Errorf("%s, %d holidays: %v", otherwise, days, err)
			case !want && (err == nil || err.Error() != "only_between allows no time within a year"):
				t.Errorf("%s, %d holidays: %s, %v", otherwise, days, w.At, err)
			}
		}
	}
}

// TestZoneOfHoursOfAStranger: hours in a zone that is none are no hours.
func TestZoneOfHoursOfAStranger(t *testing.T) {
	t.Parallel()
	w, err := wake(t, "2026-03-25T19:00:00Z", `{ for: 1h, only_between: { from: "09:00", to: "17:00", zone: "${{ 'Mars' }}" } }`)
	if err == nil || !strings.HasPrefix(err.Error(), `"Mars" is not a time zone; add a fallback zone`) {
		t.Errorf("%+v, %v", w, err)
	}
}

// TestPreview: what is shown of a wait is what it does, and it sends nothing.
func TestPreview(t *testing.T) {
	t.Parallel()
	set, findings := rules.Load([]text.Source{{Name: "rules.yaml", Content: []byte(`
rules:
  - name: r
    event: "*"
    actions:
      - wait: { for: 90m }
      - wait: { until: 'event.eventTimestamp - duration("1h")', if_past: skip, follow: false, recheck: false }
      - wait: { until: event.deliveryTimestamp }
`)}}, rules.Options{Kinds: params.Kinds{Actions: []params.Kind{wait.Kind()}}})
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	at := moment(t, now)
	body, err := sample.Body(event.TypeScheduled, "e", at)
	if err != nil {
		t.Fatal(err)
	}
	if body, err = sample.Set(body, "event.deliveryTimestamp", ""); err != nil {
		t.Fatal(err)
	}
	ev, err := decode.Event(body)
	if err != nil {
		t.Fatal(err)
	}
	scope := set.Scope(set.Rules[0], ev, language.ScopeOptions{Now: at})
	steps := set.Rules[0].Actions
	for i, want := range []string{
		`{"until":"2026-03-20T11:30:00Z","reason":"1h30m0s after 2026-03-20 10:00:00 UTC is 2026-03-20 11:30:00 UTC"}`,
		`{"until":"2026-03-20T09:00:00Z","reason":"skipped: event.eventTimestamp - duration(\"1h\") is 2026-03-20 09:00:00 UTC, in the past (if_past: skip)","skip":true}`,
	} {
		effect, err := steps[i].Action.Prepare(scope)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := json.Marshal(effect); err != nil || string(got) != want {
			t.Errorf("wait %d: %s, %v; want %s", i, got, err, want)
		}
		if _, err := effect.Do(t.Context(), params.Delivery{}); err == nil {
			t.Error("a wait was sent")
		}
		w := steps[i].Action.(params.Waiter)
		if w.Follow() != (i == 0) || w.Recheck() != (i == 0) {
			t.Errorf("wait %d: follows %t, checks again %t", i, w.Follow(), w.Recheck())
		}
	}
	if effect, err := steps[2].Action.Prepare(scope); err == nil {
		t.Errorf("a wait until nobody knows when: %+v", effect)
	}
}

// TestWhatIsInThePast: the moment itself is not past yet.
func TestWhatIsInThePast(t *testing.T) {
	t.Parallel()
	for start, skips := range map[string]bool{now: false, "2026-03-20T09:59:59Z": true} {
		w, err := wake(t, start, `{ until: meeting.meetingStart, if_past: skip }`)
		if err != nil || w.Skip != skips {
			t.Errorf("%s: %+v, %v", start, w, err)
		}
		w, err = wake(t, start, `{ until: meeting.meetingStart }`)
		if err != nil || w.Skip || !w.At.Equal(moment(t, start)) {
			t.Errorf("%s, run: %+v, %v", start, w, err)
		}
	}
}

// TestFindingsNameTheirPlace tells the field, what is wrong with it and what to
// write.
func TestFindingsNameTheirPlace(t *testing.T) {
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
	check(`{ at: "24:00", zone: UTC }`, `"24:00" is not a time of day; write "09:00"`)
	check(`{ at: "09:60", zone: UTC }`, `"09:60" is not a time of day; write "09:00"`)
	check(`{ at: "09:00" }`, "a time of day needs a zone such as Europe/Paris")
	check(`{ at: "09:00", zone: [UTC, Local] }`, `"Local" is not a time zone; write a name from the IANA list, such as Europe/Paris`)
	check(`{ at: "09:00", zone: [UTC, Mars] }`, `zone[1]`)
	check(`{ at: "09:00", zone: `+strings.Repeat("x", 61)+` }`, `"`+strings.Repeat("x", 60)+`…" is not a time zone`)
	check(`{ at: "09:00", zone: `+strings.Repeat("x", 60)+` }`, `"`+strings.Repeat("x", 60)+`" is not a time zone`)
	const between = `{ for: 1h, only_between: `
	check(between+`{ from: "24:00", to: "17:00", zone: UTC } }`, `"24:00" is not a time of day; write "09:00"`)
	check(between+`{ from: "09:00", to: "25:00", zone: UTC } }`, `"25:00" is not a time of day; write "17:00"`)
	check(between+`{ from: "09:00", to: "17:00", zone: Mars } }`, `"Mars" is not a time zone`)
	check(between+`{ from: "09:00", to: "17:00", zone: UTC, days: [we] } }`, `"we" is not a day of the week; write mon, tue, wed, thu, fri, sat, sun or weekdays`)
	check(between+`{ from: "09:00", to: "17:00", zone: UTC, holidays: ["2026-02-30"] } }`, `"2026-02-30" is not a date, nor a country whose holidays are known; write 2026-12-25, or one of AT,`)
	check(between+`{ from: "09:00", to: "17:00", zone: UTC, holidays: [Mars] } }`, `"Mars" is not a date`)
}
