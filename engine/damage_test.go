package engine_test

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gavel-rules/gavel/event"
)

const remindLater = `
rules:
  - name: remind
    event: scheduling.smartscheduler.scheduled
    actions:
      - probe: { text: "now ${{ event.eventId }}" }
      - sleep: { until: meeting.meetingStart - duration("1h") }
      - probe: { text: "later ${{ event.eventId }}" }
`

// spoil changes a row past the store.
func (b *bench) spoil(statement string, args ...any) {
	b.t.Helper()
	db, err := sql.Open("sqlite", b.path)
	if err != nil {
		b.t.Fatal(err)
	}
	defer db.Close()
	done, err := db.Exec(statement, args...)
	if err != nil {
		b.t.Fatal(err)
	}
	if n, err := done.RowsAffected(); n != 1 || err != nil {
		b.t.Fatalf("%d rows spoilt by %s, %v", n, statement, err)
	}
}

// TestDamagedRunFailsAlone: what cannot be read of one run, of its event or of
// its meeting, ends that run with the reason, and the others go on.
func TestDamagedRunFailsAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, remindLater)
		ids := []string{"results", "one result", "next", "body", "good"}
		for _, id := range ids {
			b.take(event.TypeScheduled, id, "data.id", id)
		}
		settle()
		b.spoil("UPDATE runs SET results = ? WHERE event_id LIKE '%/results'", []byte("{"))
		b.spoil("UPDATE runs SET results = ? WHERE event_id LIKE '%/one result'", []byte(`{"probe#1": 5}`))
		b.spoil("UPDATE runs SET next = -7 WHERE event_id LIKE '%/next'")
		b.spoil("UPDATE events SET body = ? WHERE id LIKE '%/body'", []byte("no event"))
		time.Sleep(30 * 24 * time.Hour)
		settle()
		for _, run := range b.runs() {
			want := event.StatusFailed
			if run.EventID == "good" {
				want = event.StatusSucceeded
			}
			if run.Status != want || want == event.StatusFailed && !strings.Contains(run.Reason, "replay") {
				t.Errorf("run of %q is %s: %s", run.EventID, run.Status, run.Reason)
			}
		}
		if got := b.probe.texts(); len(got) != 6 || got[5] != "later good" {
			t.Errorf("sent %q", got)
		}
	})
}

// TestDeepReply: a reply nested so deep that nobody could read it again costs
// its own run, and not those that are read with it.
func TestDeepReply(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, remindLater)
		b.probe.answer = func(_ context.Context, s sending) (any, error) {
			if s.Text == "now deep" {
				var deep any
				for range 9_999 {
					deep = []any{deep}
				}
				return deep, nil
			}
			return &probeResult{}, nil
		}
		b.take(event.TypeScheduled, "deep", "data.id", "m1")
		b.take(event.TypeScheduled, "good", "data.id", "m2")
		settle()
		b.close()
		b.open("second")
		time.Sleep(30 * 24 * time.Hour)
		settle()
		deep, good := b.runs()[0], b.runs()[1]
		if deep.Status != event.StatusFailed || !strings.Contains(deep.Reason, "nested deeper than 64 levels") {
			t.Errorf("the run with the deep reply is %s: %s", deep.Status, deep.Reason)
		}
		if good.Status != event.StatusSucceeded {
			t.Errorf("the other run is %s: %s", good.Status, good.Reason)
		}
		if n := strings.Count(strings.Join(b.probe.texts(), " "), "deep"); n != 1 {
			t.Errorf("sent %d times: %q", n, b.probe.texts())
		}
	})
}

// TestFaultInAnAction: a fault in the code of an action ends one run, and gives
// its place at the connection back.
func TestFaultInAnAction(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, twoDestinations(", max_in_flight: 1"))
		b.probe.answer = func(_ context.Context, s sending) (any, error) {
			if s.Text == "slow bad" {
				panic("out of range")
			}
			return &probeResult{}, nil
		}
		b.take(event.TypeScheduled, "bad")
		b.take(event.TypeScheduled, "good")
		settle()
		bad, good := b.runs()[0], b.runs()[1]
		if bad.Status != event.StatusFailed || !strings.Contains(bad.Reason, "internal error") || strings.Contains(bad.Reason, "range") {
			t.Errorf("the run with the fault is %s: %s", bad.Status, bad.Reason)
		}
		if good.Status != event.StatusSucceeded {
			t.Errorf("the other run is %s: %s", good.Status, good.Reason)
		}
	})
}
