package console_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/sample"
)

// TestMeetingShowsEachRunOnce: one line for a run, however many steps it had.
func TestMeetingShowsEachRunOnce(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	run := r.called("ev-1", "crm", event.CauseServer, "503 from the CRM")
	body := r.shows("/meetings/"+run.MeetingID, "In order", "tell failed", `class="lane-failed"`, `class="lane-event"`, `class="now"`)
	if n := strings.Count(body, "503 from the CRM"); n != 1 {
		t.Errorf("the reason is shown %d times", n)
	}
	if n := strings.Count(body, `href="/runs/`+run.ID); n != 1 {
		t.Errorf("the run has %d lines", n)
	}
}

// TestMeetingShowsItsMoves as arrows, and in words.
func TestMeetingShowsItsMoves(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	for i, start := range []string{"2026-05-04T10:00:00Z", "2026-05-06T12:00:00Z", "2026-05-06T12:00:00Z", "2026-05-05T12:00:00Z"} {
		body, err := sample.Body(event.TypeRescheduled, "ev-"+string(rune('a'+i)), time.Now())
		for path, value := range map[string]string{"meeting.id": "m-moved", "meeting.meetingStart": start, "eventTimestamp": "2026-05-01T0" + string(rune('1'+i)) + ":00:00Z"} {
			if err == nil {
				body, err = sample.Set(body, path, value)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		r.acceptBody(body)
	}
	body := r.shows("/meetings/m-moved", "<h2>Moved</h2>", `<line x1="12" x2="948"`, `<line x1="948" x2="`, `from <time datetime="2026-05-04T10:00:00Z"`, `to <time datetime="2026-05-05T12:00:00Z"`)
	if n := strings.Count(body, "<polygon"); n != 2 {
		t.Errorf("%d arrows, want 2", n)
	}
}
