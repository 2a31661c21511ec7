package engine_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/engine/plan"
	"github.com/gavel-rules/gavel/event"
)

const spike = `
rules:
  - name: spike
    event: scheduling.smartscheduler.canceled
    threshold: { count: 3, within: 1h, per: meeting.meetingOwner.userId }
    throttle: { once: 2h }
    actions:
      - probe: { text: "${{ window.count }}: ${{ join(map(window.events, #.meeting.id), ' ') }}; held ${{ throttle.suppressed }}" }
`

func (b *bench) cancel(owner string, meetings ...string) {
	b.t.Helper()
	for _, m := range meetings {
		b.take(event.TypeCanceled, "canceled "+m, "meeting.id", m, "meeting.meetingOwner.userId", owner)
		settle()
		time.Sleep(time.Minute)
	}
}

func TestThresholdAndThrottle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, spike)
		b.cancel("olga", "a", "b")
		b.cancel("otto", "x", "y")
		if sent := b.probe.texts(); len(sent) > 0 {
			t.Fatalf("sent before the third: %q", sent)
		}
		b.cancel("olga", "c")
		b.cancel("otto", "z") // reached, but the throttle is for all owners
		b.cancel("olga", "d", "e", "f")
		time.Sleep(2 * time.Hour)
		b.cancel("otto", "u", "v", "w")
		want := []string{"3: a b c; held 0", "3: u v w; held 2"}
		if diff := cmp.Diff(want, b.probe.texts()); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
		var skipped []string
		for _, run := range b.runs() {
			if run.Status == event.StatusSkipped {
				word, _, _ := strings.Cut(run.Reason, ":")
				skipped = append(skipped, word)
			}
		}
		want = []string{
			"threshold", "threshold", "threshold", "threshold", "throttled",
			"threshold", "threshold", "throttled", "threshold", "threshold",
		}
		if diff := cmp.Diff(want, skipped); diff != "" {
			t.Errorf("skipped (-want +got):\n%s", diff)
		}
	})
}

func TestThresholdOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, spike)
		b.cancel("olga", "a", "b")
		b.close()
		b.open("second")
		b.cancel("olga", "c")
		if diff := cmp.Diff([]string{"3: a b c; held 0"}, b.probe.texts()); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
	})
}

func TestDigest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, `
rules:
  - name: daily
    event: scheduling.smartscheduler.canceled
    digest: { every: 24h, per: meeting.meetingOwner.userId }
    actions:
      - probe: { text: "${{ window.count }}: ${{ join(map(window.events, #.meeting.id), ' ') }}" }
`)
		b.cancel("olga", "a", "b")
		b.cancel("otto", "x")
		if sent := b.probe.texts(); len(sent) > 0 {
			t.Fatalf("sent at once: %q", sent)
		}
		collecting := b.runs()[0]
		if plan := plan.NewMove(b.current(), b.current(), collecting, nil, nil, time.Now()); plan.Problem != "it collects events for a digest" {
			t.Errorf("a digest can be moved to another revision: %q", plan.Problem)
		}
		b.close()
		time.Sleep(23 * time.Hour)
		b.open("second")
		b.cancel("olga", "c")
		time.Sleep(time.Hour)
		settle()
		if diff := cmp.Diff([]string{"3: a b c", "1: x"}, b.probe.texts()); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
	})
}

// TestKeyThatCannotBeFound: an error is not the same as a key of its own.
func TestKeyThatCannotBeFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, `
rules:
  - name: by-list
    event: scheduling.smartscheduler.canceled
    throttle: { once: 1h, per: data.meetingInfo }
    actions:
      - probe: { text: hi }
`)
		b.cancel("olga", "a")
		run := b.only()
		want := `the window cannot be evaluated: per of the throttle: rules.yaml:5:32: "data.meetingInfo": must be text, a number, or true or false, not an object`
		if run.Status != event.StatusFailed || run.Reason != want {
			t.Errorf("run %s: %s", run.Status, run.Reason)
		}
	})
}

const silent = `
rules:
  - name: silent
    absence: { of: { event: scheduling.smartscheduler.canceled }, for: 24h, per: meeting.meetingOwner.userId }
    actions:
      - probe: { text: "${{ meeting.meetingOwner.userId }} after ${{ meeting.id }}" }
`

// TestAbsence tells each silence once, by key, also when the process dies meanwhile.
func TestAbsence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, silent)
		b.cancel("olga", "a", "b")
		b.cancel("otto", "x")
		time.Sleep(20 * time.Hour)
		b.cancel("olga", "c")
		b.close()
		b.open("second")
		time.Sleep(5 * time.Hour)
		if diff := cmp.Diff([]string{"otto after x"}, b.probe.texts()); diff != "" {
			t.Errorf("after a day (-want +got):\n%s", diff)
		}
		time.Sleep(100 * time.Hour)
		settle()
		if diff := cmp.Diff([]string{"otto after x", "olga after c"}, b.probe.texts()); diff != "" {
			t.Errorf("after days (-want +got):\n%s", diff)
		}
	})
}

// TestAbsenceAfterDowntime waits for events that are delivered late.
func TestAbsenceAfterDowntime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, silent)
		b.cancel("olga", "a")
		b.cancel("otto", "x")
		b.close()
		time.Sleep(27 * time.Hour)
		b.open("second")
		settle()
		if sent := b.probe.texts(); len(sent) > 0 {
			t.Fatalf("sent at once: %q", sent)
		}
		b.cancel("otto", "y")
		time.Sleep(3*time.Hour - 5*time.Minute)
		if sent := b.probe.texts(); len(sent) > 0 {
			t.Fatalf("sent early: %q", sent)
		}
		time.Sleep(10 * time.Minute)
		settle()
		want := []string{"otto after x", "olga after a"} // the later it is, the longer it waits
		if diff := cmp.Diff(want, b.probe.texts()); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
	})
}

// TestAbsenceOfAChangedRule sends nothing that nobody knows.
func TestAbsenceOfAChangedRule(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][2]string{
		"taken out": {"name: silent", "name: other"}, "turned off": {"name: silent", "name: silent\n    enabled: false"},
		"another key": {"userId }", "username }"}, "other events": {"canceled }", "scheduled }"}, "shadow": {"name: silent", "name: silent\n    mode: shadow"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t, silent)
				b.cancel("olga", "a")
				b.load(strings.Replace(silent, change[0], change[1], 1))
				time.Sleep(25 * time.Hour)
				settle()
				run := b.runs()[0]
				if run.Status != event.StatusSkipped || !strings.HasPrefix(run.Reason, "absence: the rule was changed or taken out meanwhile") || len(b.probe.texts()) > 0 {
					t.Errorf("%s (%s), sent %q", run.Status, run.Reason, b.probe.texts())
				}
			})
		})
	}
}
