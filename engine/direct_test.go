package engine_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
)

const grouped = `
rules:
  - name: grouped
    event: scheduling.*
    %s
    actions:
      - id: find
        probe: { text: find }
      - id: known
        when: actions.find.number == 7
        steps:
          - id: note
            probe: { text: note }
          - id: inner
            when: meeting.meetingInfo.meetingName == "Stop"
            steps:
              - id: enough
                stop: "stopped for ${{ meeting.meetingInfo.meetingName }}"
            else:
              - probe: { text: "after note ${{ actions.note.number }}" }
        else:
          - id: create
            probe: { text: create }
      - probe: { text: "last ${{ actions.create.number }}" }
`

// TestGroups: the condition of a group decides for all of it, a stop ends the run.
func TestGroups(t *testing.T) {
	t.Parallel()
	check := func(name, meeting string, found int, status event.Status, reason string, sent, history []string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t, strings.Replace(grouped, "%s", "", 1))
				b.probe.answer = failWith(0, nil)
				if found == 7 {
					b.probe.answer = nil
				}
				b.take(event.TypeScheduled, "e1", "meeting.meetingInfo.meetingName", meeting)
				settle()
				run := b.only()
				if run.Status != status || run.Reason != reason {
					t.Errorf("run %s: %q", run.Status, run.Reason)
				}
				if diff := cmp.Diff(sent, b.probe.texts()); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(history, b.history(run)); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
	check("steps", "Demo", 7, event.StatusSucceeded, "", []string{"find", "note", "after note 7", "last 0"},
		[]string{"find succeeded", "known succeeded", "note succeeded", "inner skipped", "probe#6 succeeded", "probe#8 succeeded"})
	check("else", "Demo", 1, event.StatusSucceeded, "", []string{"find", "create", "last 1"},
		[]string{"find succeeded", "known skipped", "create succeeded", "probe#8 succeeded"})
	check("stop", "Stop", 7, event.StatusSucceeded, "stopped for Stop", []string{"find", "note"},
		[]string{"find succeeded", "known succeeded", "note succeeded", "inner succeeded", "enough succeeded"})
}

// TestGroupsInTheShadow: without a reply, both branches may be sent.
func TestGroupsInTheShadow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, strings.Replace(grouped, "%s", "mode: shadow", 1))
		b.take(event.TypeScheduled, "e1", "meeting.meetingInfo.meetingName", "Stop")
		settle()
		run := b.only()
		want := []string{"find skipped", "known skipped", "note skipped", "inner succeeded", "enough skipped", "create skipped", "probe#8 skipped"}
		if diff := cmp.Diff(want, b.history(run)); diff != "" {
			t.Error(diff)
		}
		if run.Status != event.StatusSucceeded {
			t.Errorf("run %s: %s", run.Status, run.Reason)
		}
	})
}

// TestFailureInAGroup: on_error of a group is about all of it.
func TestFailureInAGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, `
rules:
  - name: tried
    event: scheduling.*
    actions:
      - on_error: continue
        steps:
          - steps: [{ probe: { text: one } }]
          - probe: { text: two }
      - probe: { text: three }
`)
		b.probe.answer = failWith(1, event.Failf(event.CauseClient, false, "no"))
		b.take(event.TypeScheduled, "e1")
		settle()
		if diff := cmp.Diff([]string{"one", "three"}, b.probe.texts()); diff != "" {
			t.Error(diff)
		}
		if run := b.only(); run.Status != event.StatusSucceeded {
			t.Errorf("run %s: %s", run.Status, run.Reason)
		}
	})
}

// TestWaitInAGroupFollowsTheMeeting: the wait is moved, and what follows it in
// the group is sent once.
func TestWaitInAGroupFollowsTheMeeting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, `
rules:
  - name: remind
    event: scheduling.smartscheduler.scheduled
    actions:
      - when: meeting.meetingInfo.location == "moon"
        steps: [{ sleep: { until: meeting.meetingStart } }]
        else:
          - sleep: { until: meeting.meetingStart - duration("1h") }
          - probe: { text: soon }
      - probe: { text: last }
`)
		begun := time.Now()
		b.take(event.TypeScheduled, "booked", about(10*time.Hour)...)
		settle()
		b.take(event.TypeRescheduled, "moved", about(21*time.Hour)...)
		settle()
		b.close() // and another process goes on
		b.open("second")
		time.Sleep(48 * time.Hour)
		settle()
		var told []string
		for _, s := range b.probe.all() {
			told = append(told, s.Text+" "+s.At.Sub(begun).Round(time.Minute).String())
		}
		if diff := cmp.Diff([]string{"soon 20h0m0s", "last 20h0m0s"}, told); diff != "" {
			t.Error(diff)
		}
	})
}
