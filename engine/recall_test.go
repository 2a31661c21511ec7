package engine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
)

func TestActionsSeeTheMeetingBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, `
rules:
  - name: moved
    event: scheduling.smartscheduler.*
    actions:
      - probe: { text: "${{ previous == nil ? \"new\" : format(previous.meetingStart, \"15:04\") }} → ${{ format(meeting.meetingStart, \"15:04\") }}, moved ${{ meeting.reschedules }} times" }
`)
		m := []string{"meeting.id", "m-1", "meeting.meetingStart"}
		b.take(event.TypeScheduled, "e-1", append(m, "2026-03-04T10:00:00Z")...)
		settle()
		time.Sleep(time.Minute)
		b.take(event.TypeRescheduled, "e-2", append(m, "2026-03-04T11:00:00Z")...)
		settle()
		time.Sleep(time.Minute)
		b.take(event.TypeRescheduled, "e-3", append(m, "2026-03-04T12:00:00Z")...)
		settle()
		want := []string{"new → 10:00, moved 0 times", "10:00 → 11:00, moved 1 times", "11:00 → 12:00, moved 2 times"}
		if diff := cmp.Diff(want, b.probe.texts()); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
	})
}

func TestShadowRunsOfChainsGoThrough(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, `
rules:
  - name: chain
    event: "*"
    mode: shadow
    actions:
      - { id: find, probe: { text: find } }
      - { id: never, when: meeting.isCanceled, probe: { text: never } }
      - { when: actions.find.number > 3, probe: { text: "found ${{ actions.find.number }}, not ${{ actions.never.number }}" } }
`)
		b.take(event.TypeScheduled, "e-1")
		settle()
		if run := b.only(); run.Status != event.StatusSucceeded {
			t.Errorf("the run is %s: %s", run.Status, run.Reason)
		}
		attempts, err := b.store.Attempts(t.Context(), b.only().ID)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range attempts {
			got = append(got, string(a.Request)+" "+a.Reason)
		}
		want := []string{
			`{"text":"find"} shadow: recorded, not sent`,
			` the action's condition is false: meeting.isCanceled`,
			`{"text":"found ⟨actions.find.number⟩, not 0"} shadow: recorded, not sent; whether it would be sent depends on a reply: actions.find.number > 3`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("attempts (-want +got):\n%s", diff)
		}
		if sent := b.probe.texts(); sent != nil {
			t.Errorf("a shadow rule sent %q", sent)
		}
	})
}
