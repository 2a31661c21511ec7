package console_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/report"
)

// numbers are events and runs of yesterday, to be counted.
func numbers(t *testing.T) ([]*event.Event, []*event.Run) {
	t.Helper()
	yesterday := time.Now().Add(-24 * time.Hour)
	var events []*event.Event
	for i, kind := range []string{event.TypeScheduled, event.TypeScheduled, event.TypeRescheduled, event.TypeCanceled} {
		body, err := sample.Body(kind, kind, yesterday)
		if err != nil {
			t.Fatal(err)
		}
		ev, err := decode.Event(body)
		if err != nil {
			t.Fatal(err)
		}
		ev.Received = yesterday
		if i == 1 {
			ev.Meeting.Owner.Username, ev.Meeting.Info.CalendarPath = "<script>alert(1)</script>", `"><img src=x>`
		}
		events = append(events, ev)
	}
	return events, []*event.Run{{Rule: "remind", Follow: true, Status: event.StatusSucceeded, Created: yesterday}}
}

// TestAnalyticsWhileCounting: the page says how far it is, and loads itself again.
func TestAnalyticsWhileCounting(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	r.analyst.events, r.analyst.runs = numbers(t)
	r.analyst.unready = &report.Unready{Counted: 400, All: 1000}
	a := r.page("/analytics?since=90d")
	if a.StatusCode != http.StatusOK || a.Header.Get("Refresh") != "2" || !strings.Contains(a.Body, "40 % so far (400 of 1000)") || !strings.Contains(a.Body, `<option value="90d" selected>`) {
		t.Errorf("%d, %v\n%s", a.StatusCode, a.Header, a.Body)
	}
	if strings.Contains(a.Body, "2 booked") {
		t.Error("the report is shown, although it is not counted")
	}
	r.analyst.unready = nil
	if a := r.page("/analytics?since=90d"); a.Header.Get("Refresh") != "" || strings.Contains(a.Body, "so far") || !strings.Contains(a.Body, "2 booked") {
		t.Errorf("once it is counted: %v\n%s", a.Header, a.Body)
	}
}

func TestAnalyticsPage(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	if a := r.page("/analytics"); a.StatusCode != http.StatusOK || !strings.Contains(a.Body, "No data yet") {
		t.Errorf("the empty page is %d %s", a.StatusCode, a.Body)
	}
	r.analyst.events, r.analyst.runs = numbers(t)
	a := r.page("/analytics?since=14d&late=3h&zone=Asia%2FTokyo")
	for _, want := range []string{
		"&lt;script&gt;alert(1)&lt;/script&gt;", "&#34;&gt;&lt;img src=x&gt;", "host@acme.example", "remind",
		"2 booked, 1 moved, 1 canceled", `<option value="14d" selected>`, `value="Asia/Tokyo"`, "less than 3 h before",
	} {
		if !strings.Contains(a.Body, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	for _, never := range []string{"<script>alert", "<img src=x", "style="} {
		if strings.Contains(a.Body, never) {
			t.Errorf("the page holds %q", never)
		}
	}
	if o := r.analyst.asked; o.Zone.String() != "Asia/Tokyo" || o.Late != 3*time.Hour || time.Since(o.Since).Round(time.Hour) != 14*24*time.Hour {
		t.Errorf("asked for %+v", o)
	}
	if a := r.page("/"); !strings.Contains(a.Body, `href="/analytics"`) {
		t.Error("nothing leads to the page")
	}
}

// TestZoneOfTheReader is that which the browser has told, unless the address
// names one.
func TestZoneOfTheReader(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	for cookie, want := range map[string]string{"Europe%2FParis": "Europe/Paris", "Mars%2FOlympus": "UTC", "..%2F..%2Fetc": "UTC", "": "UTC"} {
		a := r.do(http.MethodGet, "/analytics", "", "Accept", "text/html", "Cookie", "gavel_zone="+cookie)
		if got := r.analyst.asked.Zone.String(); a.StatusCode != http.StatusOK || got != want {
			t.Errorf("with %q: %d, zone %s, want %s", cookie, a.StatusCode, got, want)
		}
	}
}

func TestTooMuchToCount(t *testing.T) {
	t.Parallel()
	docs := document(t)
	r := setup(t, nil)
	r.analyst.err = context.DeadlineExceeded
	if a := r.page("/analytics"); a.StatusCode != http.StatusServiceUnavailable || !strings.Contains(a.Body, "Choose a shorter period") {
		t.Errorf("%d %s", a.StatusCode, a.Body)
	}
	a := r.do(http.MethodGet, "/api/v1/report", "")
	if a.StatusCode != http.StatusServiceUnavailable || !strings.Contains(a.Body, "shorter period") {
		t.Errorf("%d %s", a.StatusCode, a.Body)
	}
	asDocumented(t, docs, a)
}
