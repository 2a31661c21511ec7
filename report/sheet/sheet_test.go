package sheet_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/report"
	"github.com/gavel-rules/gavel/report/sheet"
)

// page renders one booking a day.
func page(t *testing.T, days int) string {
	t.Helper()
	until := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	tally := report.New(report.Options{Since: until.AddDate(0, 0, -days), Until: until})
	for day := 1; day <= days; day++ {
		at := until.AddDate(0, 0, -day).Add(12 * time.Hour)
		tally.Event(&event.Event{
			Envelope: event.Envelope{Type: event.TypeScheduled, Timestamp: at}, Received: at,
			Meeting: &event.Meeting{Start: at.Add(time.Hour), Owner: event.Person{Username: `</table><script>x</script>`}},
		})
	}
	s, err := sheet.New()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := s.Page(&b, tally.Report()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestPage draws days one by one, and many of them by week.
func TestPage(t *testing.T) {
	t.Parallel()
	for days, want := range map[int]struct {
		bars  int
		title string
	}{30: {30, "Meetings by day"}, 100: {100, "Meetings by day"}, 210: {30, "Meetings by week"}, 0: {0, "No data yet"}} {
		html := page(t, days)
		if n := strings.Count(html, " booked, 0 moved"); n != want.bars || !strings.Contains(html, want.title) {
			t.Errorf("%d days: %d bars, want %d under %q", days, n, want.bars, want.title)
		}
		if strings.Contains(html, "<script") || strings.Contains(html, "://") {
			t.Errorf("%d days: the page holds a script or an address", days)
		}
	}
	if html := page(t, 210); !strings.Contains(html, ": 7 booked, 0 moved, 0 canceled") {
		t.Error("a week is not the sum of its days")
	}
}
