package health

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
)

func drifted(t *testing.T, body string) *event.Event {
	t.Helper()
	ev, err := decode.Event([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

// TestDriftIsToldOnce: a field of another type is one line in the log however
// often it comes, and a number in the metrics and in the warning.
func TestDriftIsToldOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	now := time.Unix(1_800_000_000, 0)
	d := NewDrifts(slog.New(slog.NewTextHandler(&log, nil)), func() time.Time { return now })
	if d.warning() != "" {
		t.Errorf("a warning without drift: %s", d.warning())
	}
	for i := range 5 {
		d.Took(drifted(t, fmt.Sprintf(`{"eventId": "e%d", "eventType": "scheduling.smartscheduler.scheduled", "eventTimestamp": "2026-03-09T12:00:00Z",
			"data": {"id": "m", "meetingInfo": {"optionalInvitees": ["private@acme.example"]}}}`, i)))
	}
	if n := strings.Count(log.String(), "event differs from the documentation"); n != 1 {
		t.Errorf("it is told %d times:\n%s", n, log.String())
	}
	if strings.Contains(log.String()+d.warning(), "private") {
		t.Errorf("a value is told:\n%s", log.String())
	}
	const want = "data.meetingInfo.optionalInvitees: expected text, got a list in scheduling.smartscheduler.scheduled (5)"
	if !strings.Contains(d.warning(), want) {
		t.Errorf("the warning is %q, want %q in it", d.warning(), want)
	}
	now = now.Add(driftFor)
	if d.warning() != "" {
		t.Errorf("a day later it still warns: %s", d.warning())
	}
}

// TestDriftIsBounded: whatever types and fields come.
func TestDriftIsBounded(t *testing.T) {
	t.Parallel()
	d := NewDrifts(slog.New(slog.DiscardHandler), time.Now)
	for i := range 2 * maxDriftPlaces {
		d.Took(drifted(t, fmt.Sprintf(`{"eventId": "e", "eventType": "x.%d", "data": {"f%d": 1, "f%d": 2}}`, i, i, i)))
	}
	if len(d.places) != maxDriftPlaces || len(d.warning()) > 1000 {
		t.Errorf("%d places, a warning of %d bytes", len(d.places), len(d.warning()))
	}
}
