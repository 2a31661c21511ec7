package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// tellTarget is a rule that calls the target for each canceled meeting, with
// word in the body.
func tellTarget(url, word string) string {
	return fmt.Sprintf(`rules:
  - name: tell-the-target
    event: scheduling.smartscheduler.canceled
    when: meeting.meetingOwner.username endsWith "@acme.example"
    actions:
      - http:
          method: POST
          url: %s/hook
          query: { event: "${{ event.eventId }}" }
          json: { word: %s }
`, url, word)
}

// canceled is an event that tellTarget acts on.
func canceled(t testing.TB, id string) []byte {
	t.Helper()
	return testkit.Sample(t, event.TypeCanceled, id)
}

// storedEvent is what "events show" tells.
type storedEvent struct {
	EventID    string          `json:"event_id"`
	EventType  string          `json:"event_type"`
	Deliveries int             `json:"deliveries"`
	Runs       int             `json:"runs"`
	Revision   string          `json:"revision"`
	Body       json.RawMessage `json:"body"`
}

// showEvent asks the command line for one event.
func showEvent(t testing.TB, p *testkit.Process, id string) storedEvent {
	t.Helper()
	var ev storedEvent
	ask(t, p, &ev, "events", "show", id)
	return ev
}

// listEvents returns the ids of all stored events.
func listEvents(t testing.TB, p *testkit.Process) map[string]bool {
	t.Helper()
	var events []storedEvent
	ask(t, p, &events, "events", "list", "--limit", "100000")
	ids := map[string]bool{}
	for _, ev := range events {
		ids[ev.EventID] = true
	}
	return ids
}

// listRuns returns the runs that the filter flags select, newest first.
func listRuns(t testing.TB, p *testkit.Process, filter ...string) []event.Run {
	t.Helper()
	var runs []event.Run
	ask(t, p, &runs, append([]string{"runs", "list"}, filter...)...)
	return runs
}

// history is a run with its attempts.
type history struct {
	event.Run
	Attempts []event.Attempt `json:"attempts"`
}

// outcomes are the attempts' action ids and how they ended, in order.
func (h history) outcomes() []string {
	var out []string
	for _, a := range h.Attempts {
		out = append(out, a.ActionID+" "+string(a.Outcome))
	}
	return out
}

// onlyRun returns the one run of an event with its history.
func onlyRun(t testing.TB, p *testkit.Process, eventID string) history {
	t.Helper()
	runs := listRuns(t, p, "--event", eventID)
	if len(runs) != 1 {
		t.Fatalf("event %s has %d runs, want 1", eventID, len(runs))
	}
	var h history
	ask(t, p, &h, "runs", "show", runs[0].ID)
	return h
}

// endedRun waits for the end of an event's one run.
func endedRun(t testing.TB, p *testkit.Process, eventID string) history {
	t.Helper()
	testkit.Eventually(t, "the run of "+eventID+" ended", func() bool {
		runs := listRuns(t, p, "--event", eventID)
		return len(runs) == 1 && runs[0].Status.Done()
	})
	return onlyRun(t, p, eventID)
}

func ask(t testing.TB, p *testkit.Process, into any, args ...string) {
	t.Helper()
	r := testkit.Gavel(t, append(args, "--database", p.Database, "--output", "json")...)
	if r.Code != 0 {
		t.Fatalf("gavel %q ended with %d: %s", args, r.Code, r.Stderr)
	}
	if err := json.Unmarshal([]byte(r.Stdout), into); err != nil {
		t.Fatalf("gavel %q printed no JSON: %v\n%s", args, err, r.Stdout)
	}
}

// compact takes the white space out of JSON and leaves everything else as it
// is written.
func compact(t testing.TB, raw []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return b.String()
}
