package console_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/console"
	"github.com/gavel-rules/gavel/event"
)

// TestListsSayWhatIsFailedNow: an event whose run failed says so until the run is
// acknowledged, and the list of runs says that it is.
func TestListsSayWhatIsFailedNow(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	run := r.called("ev-1", "crm", event.CauseServer, "503 from the CRM")
	r.called("ev-2", "crm", "", "")
	list := r.shows("/events", `href="/runs?status=failed&amp;event=ev-1">1 failed<`)
	if n := strings.Count(list, " failed</a>"); n != 1 {
		t.Errorf("%d events have failures", n)
	}
	if got := r.page("/api/v1/events").Body; strings.Count(got, `"failed":1`) != 1 {
		t.Errorf("the API says %s", got)
	}
	if body := r.shows("/runs"); strings.Contains(body, ">Acknowledged<") {
		t.Error("a failure is acknowledged by nobody")
	}
	if err := r.store.AcknowledgeRun(t.Context(), run.ID, time.Now(), "seen"); err != nil {
		t.Fatal(err)
	}
	r.shows("/runs", ">Acknowledged<")
	if body := r.shows("/events"); strings.Contains(body, " failed</a>") {
		t.Error("an acknowledged failure counts")
	}
	if got := r.page("/api/v1/runs").Body; strings.Count(got, `"acknowledged":true`) != 1 {
		t.Errorf("the API says %s", got)
	}
}

// TestListsAreGroupedByDay: a heading for the day, and the time alone in a row.
func TestListsAreGroupedByDay(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	r.accept(event.TypeScheduled, "ev-1", event.StatusSucceeded)
	r.accept(event.TypeScheduled, "ev-2", event.StatusSucceeded)
	for _, path := range []string{"/events", "/runs"} {
		body := r.shows(path, `<tr class="day">`, "data-clock>")
		if n := strings.Count(body, `<tr class="day">`); n != 1 {
			t.Errorf("%s has %d days", path, n)
		}
	}
}

// TestEmptyPagesNameTheReceiver with the port that it has.
func TestEmptyPagesNameTheReceiver(t *testing.T) {
	t.Parallel()
	r := setup(t, func(o *console.Options) { o.Webhook = func() string { return "https://[::1]:9443/hook" } })
	for _, path := range []string{"/", "/events"} {
		r.shows(path, "--url https://[::1]:9443/hook ")
	}
}

// TestBeginningOfAnEventID is enough if no other event has it.
func TestBeginningOfAnEventID(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	for _, id := range []string{"0b9f3c1e-one", "0b9f3c1e-two", "77aa55bb-three"} {
		r.accept(event.TypeScheduled, id)
	}
	if a := r.page("/api/v1/events/77aa55"); a.StatusCode != http.StatusOK || !strings.Contains(a.Body, `"77aa55bb-three"`) {
		t.Errorf("the beginning of one: %d %s", a.StatusCode, a.Body)
	}
	if a := r.page("/api/v1/events/0b9f3c1e"); a.StatusCode != http.StatusConflict || !strings.Contains(a.Body, "write more of the id") {
		t.Errorf("the beginning of two: %d %s", a.StatusCode, a.Body)
	}
	for _, none := range []string{"77a", "9999", "5bb-three"} {
		if a := r.page("/api/v1/events/" + none); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d %s", none, a.StatusCode, a.Body)
		}
	}
}
