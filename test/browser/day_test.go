package browser

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/store/sqlite"
)

// dayBefore makes a database that holds the last day of a small company and
// returns its address, so that a picture shows more than the present minute.
func dayBefore(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gavel.db")
	store, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	people := bookings()
	now := time.Now().UTC()
	n := 0
	for at := now.Add(-23 * time.Hour); at.Before(now.Add(-time.Hour)); at = at.Add(30 * time.Minute) {
		hour := float64(at.Hour()) + float64(at.Minute())/60
		busy := 1 + int(11*math.Exp(-math.Pow(hour-13, 2)/14)) // most comes in the early afternoon
		for range busy - (n*7)%3%busy {
			n++
			kind, rule, status := event.TypeScheduled, "book-in-crm", event.StatusSucceeded
			switch {
			case n%71 == 0:
				kind, rule, status = event.TypeSettingChanged, "open-a-ticket", event.StatusFailed
			case n%6 == 0:
				kind, rule = event.TypeCanceled, "alert-on-cancellation"
			case n%4 == 0:
				kind = event.TypeRescheduled
			}
			p := people[n%3]
			id := fmt.Sprintf("ev-day-%d", n)
			body := testkit.Sample(t, kind, id, "eventTimestamp", at.Format(time.RFC3339))
			if kind != event.TypeSettingChanged {
				body = testkit.Sample(t, kind, id, "eventTimestamp", at.Format(time.RFC3339), "meeting.id", fmt.Sprint("m-day-", n),
					"meeting.meetingInfo.meetingName", p.Name, "meeting.meetingInfo.primaryInviteeName", p.Who)
			}
			ev, err := decode.Event(body)
			if err != nil {
				t.Fatal(err)
			}
			ev.Received = at
			run := event.Run{
				ID: fmt.Sprintf("00-day-%05d", n), EventID: id, EventType: kind, Rule: rule, Revision: "yesterday", MeetingID: ev.Meeting.ID,
				Status: status, Due: at, Created: at, Updated: at, Finished: at,
			}
			if status == event.StatusFailed {
				run.Reason = "422 Unprocessable Entity from desk.acme.example: the field queue is missing (action ticket)"
			}
			if _, err := store.Accept(t.Context(), event.Acceptance{Event: ev, Revision: "yesterday", Now: at, Runs: []event.PlannedRun{{Run: run}}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return "sqlite:" + path
}
