package browser

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// monthRules follow every booking up.
const monthRules = `rules:
  - name: remind
    event: scheduling.smartscheduler.scheduled
    actions: [ { wait: { until: meeting.meetingStart - duration("1h"), if_past: run } }, { log: { message: soon } } ]
  - name: thank-you
    event: scheduling.smartscheduler.scheduled
    actions: [ { wait: { until: meeting.meetingEnd + duration("1h"), if_past: run } }, { log: { message: thanks } } ]
`

// newMonth starts Gavel and sends it the meetings of four weeks, always the
// same ones.
func newMonth(t *testing.T) *testkit.Process {
	t.Helper()
	p := testkit.Start(t, testkit.Serve{Rules: monthRules})
	random := rand.New(rand.NewPCG(7, 7))
	calendars := []string{"product-introduction", "live-demo", "quarterly-review"}
	owners := []string{"host", "sales", "support", "success", "partners"}
	today := time.Now().UTC().Truncate(24 * time.Hour)
	n := 0
	for day := 28; day >= 0; day-- {
		date := today.AddDate(0, 0, -day)
		bookings := 2 + random.IntN(9)
		if w := date.Weekday(); w == time.Saturday || w == time.Sunday {
			bookings /= 4
		}
		for range bookings {
			n++
			booked := date.Add(time.Duration(7+random.IntN(10)) * time.Hour)
			if booked.After(time.Now()) {
				continue
			}
			start := booked.Add(time.Duration(1+random.ExpFloat64()*60) * time.Hour)
			send := func(kind string, at time.Time) {
				if at.After(time.Now()) {
					return
				}
				p.MustPost(testkit.Sample(t, kind, fmt.Sprintf("%s-%d", kind, n),
					"eventTimestamp", at.Format(time.RFC3339), "meeting.id", fmt.Sprint("m-", n),
					"meeting.meetingStart", start.Format(time.RFC3339), "meeting.meetingEnd", start.Add(time.Hour/2).Format(time.RFC3339),
					"meeting.meetingInfo.calendarPath", calendars[n%len(calendars)],
					"meeting.meetingOwner.username", owners[min(random.IntN(5), random.IntN(5))]+"@acme.example"))
			}
			send(event.TypeScheduled, booked)
			switch random.IntN(6) {
			case 0:
				send(event.TypeRescheduled, booked.Add(start.Sub(booked)/3))
			case 1:
				send(event.TypeCanceled, booked.Add(start.Sub(booked)*time.Duration(random.IntN(10))/10))
			}
		}
	}
	return p
}

// TestAnalytics counts four weeks, by the days of the reader.
func TestAnalytics(t *testing.T) {
	t.Parallel()
	p := newMonth(t)
	for _, l := range []look{{}, {Dark: true}, {Narrow: true}} {
		b := newTab(t, l)
		b.open(p.Console + "/")
		link := `a[href="/analytics"]`
		if l.Narrow {
			value[bool](b, `document.querySelector(".menu summary").click(), true`)
			link = ".menu " + link
		}
		b.follow(link)
		text := b.text("main")
		for _, want := range []string{"By owner", "host@acme.example", "live-demo", "thank-you", "Days are in Europe/Paris", "Half of them between"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the page does not show %q:\n%s", l, want, text)
			}
		}
		// A table says what a plot shows.
		value[int](b, `document.querySelectorAll("details").forEach(d => d.open = true), 0`)
		if plots, tables := value[int](b, `document.querySelectorAll("svg[role=img]").length`), value[int](b, `document.querySelectorAll("table.numbers").length`); plots != 3 || tables != 5 {
			t.Errorf("%s: %d plots and %d tables", l, plots, tables)
		}
		if sum := value[int](b, `[...document.querySelectorAll("table.numbers")[0].tBodies[0].rows].reduce((n, r) => n + Number(r.cells[1].textContent), 0)`); fmt.Sprint(sum) != value[string](b, `document.querySelector(".cards .figure").textContent`) {
			t.Errorf("%s: the days add up to %d", l, sum)
		}
		if over := value[int](b, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
			t.Errorf("%s: the page is %d pixels wider than the window", l, over)
		}
		b.accessible("/analytics")
		value[int](b, `document.querySelectorAll("details").forEach(d => d.open = false), 0`)
		b.shoot("analytics-" + l.String())
		b.open(p.Console + "/analytics?since=7d&zone=UTC")
		if text := b.text("main"); !strings.Contains(text, "Days are in UTC") {
			t.Errorf("%s: the zone of the address is not used:\n%s", l, text)
		}
	}
	// The file for others shows the same, and needs nothing else.
	page := testkit.Gavel(t, "report", "--database", p.Database, "--zone", "Europe/Paris", "--output", "html")
	if page.Code != 0 || strings.Contains(page.Stdout, "<script") || strings.Contains(page.Stdout, "://") {
		t.Fatalf("report: %d %s", page.Code, page.Stderr)
	}
	for _, l := range []look{{}, {Dark: true}, {Narrow: true}} {
		b := newTab(t, l)
		b.open("data:text/html;charset=utf-8," + escapeData(page.Stdout))
		if text := b.text("main"); !strings.Contains(text, "host@acme.example") {
			t.Errorf("%s: the file shows\n%s", l, text)
		}
		if over := value[int](b, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
			t.Errorf("%s: the file is %d pixels wider than the window", l, over)
		}
		b.accessible("the file")
		b.shoot("report-" + l.String())
	}
}

// escapeData keeps what would end a data address.
func escapeData(s string) string {
	return strings.NewReplacer("%", "%25", "#", "%23", "\n", "%0A").Replace(s)
}
