package console_test

import (
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
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
