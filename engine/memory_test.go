package engine_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
)

const remembering = `
vars: { team: sales }
memory:
  owner: { key: vars.team + string(data.meetingOwner.userId), keep: 30d }
rules:
  - name: booked
    event: scheduling.smartscheduler.scheduled
    actions:
      - remember: { crm_id: "c-${{ meeting.id }}", at: "${{ meeting.meetingStart }}" }
      - steps: [ { increment: { owner: { bookings: 1 } } } ]
        when: meeting.id != ""
      - probe: { text: "kept ${{ memory.crm_id }}, booking ${{ memory.owner.bookings }}" }
  - name: moved
    event: scheduling.smartscheduler.rescheduled
    when: memory.crm_id != nil and memory.owner.bookings == 1
    actions:
      - increment: { moves: 1 }
      - probe: { text: "update ${{ memory.crm_id }}, was ${{ format(memory.at, \"15:04\") }}, move ${{ memory.moves }}" }
`

func TestLaterRunsReadWhatWasRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, remembering)
		m := []string{"meeting.id", "m-1", "meeting.meetingOwner.userId", "7", "meeting.meetingStart"}
		b.take(event.TypeRescheduled, "e-0", "meeting.id", "m-0", "meeting.meetingStart", "2026-03-04T10:00:00Z") // nothing remembered yet
		b.take(event.TypeScheduled, "e-9", "meeting.id", "m-9", "meeting.meetingOwner.userId", "8")               // another owner
		settle()
		b.take(event.TypeScheduled, "e-1", append(m, "2026-03-04T10:00:00Z")...)
		settle()
		for _, id := range []string{"e-2", "e-3"} {
			time.Sleep(time.Minute)
			b.take(event.TypeRescheduled, id, append(m, "2026-03-04T11:00:00Z")...)
			settle()
		}
		want := []string{"kept c-m-9, booking 1", "kept c-m-1, booking 1", "update c-m-1, was 10:00, move 1", "update c-m-1, was 10:00, move 2"}
		if diff := cmp.Diff(want, b.probe.texts()); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
	})
}

// TestMemoryAfterAWait: a wait that depends on memory moves with its meeting, and
// the condition is checked again with what is remembered then.
func TestMemoryAfterAWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, `
rules:
  - name: remind
    event: scheduling.smartscheduler.scheduled
    when: memory.called == nil
    actions:
      - remember: { lead: 2h }
      - sleep: { until: meeting.meetingStart - duration(memory.lead) }
      - probe: { text: remind }
  - name: call
    event: scheduling.smartscheduler.rescheduled
    actions: [ { remember: { called: "${{ meeting.id }}" } } ]
`)
		day := time.Now().Add(24 * time.Hour).UTC()
		b.take(event.TypeScheduled, "e-1", "meeting.id", "m-1", "meeting.meetingStart", day.Format(time.RFC3339))
		b.take(event.TypeScheduled, "e-2", "meeting.id", "m-2", "meeting.meetingStart", day.Format(time.RFC3339))
		settle()
		time.Sleep(time.Minute)
		b.take(event.TypeRescheduled, "e-3", "meeting.id", "m-1", "meeting.meetingStart", day.Add(time.Hour).Format(time.RFC3339))
		settle()
		got := map[string]string{}
		for _, run := range b.runs() {
			if run.Rule == "remind" {
				got[run.MeetingID] = run.Due.UTC().Format(time.Kitchen)
			}
		}
		want := map[string]string{"m-1": day.Add(-time.Hour).Format(time.Kitchen), "m-2": day.Add(-2 * time.Hour).Format(time.Kitchen)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("waits (-want +got):\n%s", diff)
		}
		time.Sleep(48 * time.Hour)
		settle()
		if diff := cmp.Diff([]string{"remind"}, b.probe.texts()); diff != "" {
			t.Errorf("only the meeting that was not called is reminded (-want +got):\n%s", diff)
		}
	})
}

// TestCountedOnceAfterACrash: a process dies right after it has counted, before
// the next action, and another goes on.
func TestCountedOnceAfterACrash(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, `
rules:
  - name: count
    event: "*"
    actions:
      - increment: { runs: 1 }
      - probe: { text: "run ${{ memory.runs }}" }
`)
		b.takeThenDie(event.TypeScheduled, "e-1", false)
		time.Sleep(2 * time.Minute)
		settle()
		if diff := cmp.Diff([]string{"run 1"}, b.probe.texts()); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
		attempts, err := b.store.Attempts(t.Context(), b.only().ID)
		if err != nil || len(attempts) == 0 || attempts[0].Outcome != event.OutcomeSucceeded || string(attempts[0].Request) != `{"runs":1}` {
			t.Errorf("history: %+v, %v", attempts, err)
		}
	})
}

func TestTooMuchToRemember(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, `
rules:
  - name: large
    event: "*"
    actions:
      - remember: { small: kept, large: "${{ repeat(\"x\", 5000) }}" }
      - probe: { text: not sent }
`)
		b.take(event.TypeScheduled, "e-1")
		settle()
		run := b.only()
		if run.Status != event.StatusFailed || !strings.Contains(run.Reason, "large: is too large to be remembered: 5002 bytes of at most 4096") {
			t.Errorf("the run is %s: %s", run.Status, run.Reason)
		}
		list, err := b.store.Memories(t.Context(), []event.MemoryKey{event.MeetingMemory(run.MeetingKey())})
		if err != nil || len(list) != 0 {
			t.Errorf("half remembered: %v, %v", list, err)
		}
	})
}

// TestTooMuchWithOneKey: what fits alone is refused if all together is too much,
// and the next action can go on.
func TestTooMuchWithOneKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, `
rules:
  - name: many
    event: "*"
    actions:
      - remember: { a: "${{ repeat(\"x\", 4000) }}", b: "${{ repeat(\"x\", 4000) }}", c: "${{ repeat(\"x\", 4000) }}", d: "${{ repeat(\"x\", 4000) }}" }
      - remember: { e: "${{ repeat(\"x\", 4000) }}", f: "${{ repeat(\"x\", 4000) }}", g: "${{ repeat(\"x\", 4000) }}", h: "${{ repeat(\"x\", 4000) }}" }
      - on_error: continue
        remember: { i: "${{ repeat(\"x\", 4000) }}", j: short }
      - probe: { text: "${{ len(memory.a) }} ${{ memory.i == nil and memory.j == nil }}" }
`)
		b.take(event.TypeScheduled, "e-1")
		settle()
		if diff := cmp.Diff([]string{"4000 true"}, b.probe.texts()); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
		attempts, err := b.store.Attempts(t.Context(), b.only().ID)
		if err != nil || len(attempts) != 4 || attempts[2].Reason != "too much would be remembered: 36025 bytes, at most 32768 with one key" {
			t.Errorf("history: %+v, %v", attempts, err)
		}
	})
}

func TestShadowRunsRememberNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, strings.ReplaceAll(remembering, "    event:", "    mode: shadow\n    event:"))
		b.take(event.TypeScheduled, "e-1")
		settle()
		run := b.only()
		list, err := b.store.Memories(t.Context(), []event.MemoryKey{event.MeetingMemory(run.MeetingKey())})
		if run.Status != event.StatusSucceeded || err != nil || len(list) != 0 {
			t.Errorf("the run is %s: %s; remembered %v, %v", run.Status, run.Reason, list, err)
		}
	})
}
