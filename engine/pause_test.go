package engine_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/sqlite/sqlitetest"
)

const pausable = `
connections:
  crm: { kind: probe }
rules:
  - name: later
    event: scheduling.smartscheduler.scheduled
    actions:
      - sleep: { until: meeting.meetingStart - duration("1h"), if_past: run }
      - probe: { text: "later ${{ event.eventId }}" }
  - name: lapsing
    event: scheduling.smartscheduler.scheduled
    actions:
      - sleep: { until: meeting.meetingStart - duration("1h"), if_past: skip }
      - probe: { connection: crm, text: "lapsing ${{ event.eventId }}" }
  - name: chain
    event: scheduling.smartscheduler.scheduled
    actions:
      - probe: { text: "first ${{ event.eventId }}" }
      - probe: { connection: crm, text: "second ${{ event.eventId }}" }
`

// paused runs a test on an engine that obeys pauses.
func paused(t *testing.T, do func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		do(setupWith(&bench{t: t, path: sqlitetest.File(t), probe: &probe{}, pauses: true}, pausable))
	})
}

func (b *bench) pause(key event.PauseKey, length time.Duration) {
	b.t.Helper()
	p := event.Pause{Key: key, Since: time.Now(), By: "in a test"}
	if length > 0 {
		p.Until = p.Since.Add(length)
	}
	if err := errors.Join(b.store.Pause(b.t.Context(), p), b.engine.PausesChanged(b.t.Context())); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) resume(key event.PauseKey) {
	b.t.Helper()
	b.resumeInStore(key)
	if err := b.engine.PausesChanged(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

// resumeInStore is resume by another process.
func (b *bench) resumeInStore(key event.PauseKey) {
	b.t.Helper()
	list, err := b.store.Pauses(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	for _, p := range list {
		if p.Key != key {
			continue
		}
		if err := b.store.Resume(b.t.Context(), key, p.Since); err != nil {
			b.t.Fatal(err)
		}
		return
	}
	b.t.Fatalf("%s is not paused", key.Title())
}

// sentTexts returns what was sent since the last call, sorted.
func (b *bench) sentTexts() []string {
	settle()
	b.probe.mu.Lock()
	defer b.probe.mu.Unlock()
	var out []string
	for _, s := range b.probe.sent {
		out = append(out, s.Text)
	}
	b.probe.sent = nil
	slices.Sort(out)
	return out
}

func (b *bench) sends(want ...string) {
	b.t.Helper()
	if diff := cmp.Diff(want, b.sentTexts()); diff != "" {
		b.t.Errorf("sent (-want +got):\n%s", diff)
	}
}

// set aside is what pauses hold.
func (b *bench) holds(want ...event.SetAside) {
	b.t.Helper()
	got, err := b.store.SetAside(b.t.Context(), time.Now().Add(-5*time.Minute))
	if err != nil {
		b.t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		b.t.Errorf("held (-want +got):\n%s", diff)
	}
}

func TestPausedRuleHoldsItsWaitingRuns(t *testing.T) {
	t.Parallel()
	paused(t, func(b *bench) {
		b.take(event.TypeScheduled, "e1", about(2*time.Hour)...)
		b.sends("first e1", "second e1")
		later := func() *event.Run {
			return b.runs()[slices.IndexFunc(b.runs(), func(r *event.Run) bool { return r.Rule == "later" })]
		}
		before := b.history(later())
		b.pause(event.PauseRule("later"), 0)
		time.Sleep(3 * time.Hour)
		b.sends("lapsing e1")
		if diff := cmp.Diff(before, b.history(later())); diff != "" {
			b.t.Errorf("the pause changes the history (-want +got):\n%s", diff)
		}
		b.holds(event.SetAside{Key: "rule/later", Runs: 1})
		b.close()
		b.open("second") // it holds over a restart
		time.Sleep(time.Minute)
		b.sends()
		b.resume(event.PauseRule("later"))
		b.sends("later e1")
		b.holds()
	})
}

func TestPausedConnectionHoldsWhatWouldCallIt(t *testing.T) {
	t.Parallel()
	paused(t, func(b *bench) {
		b.pause(event.PauseConnection("crm"), 0)
		b.take(event.TypeScheduled, "e1", about(2*time.Hour)...)
		b.sends("first e1")
		b.holds(event.SetAside{Key: "connection/crm", Runs: 1})
		for _, run := range b.runs() {
			if run.Rule == "chain" && !strings.HasPrefix(run.Reason, "held: connection crm is paused (in a test)") {
				t.Errorf("the reason is %q", run.Reason)
			}
		}
		time.Sleep(61 * time.Minute)
		b.sends("later e1")
		b.holds(event.SetAside{Key: "connection/crm", Runs: 2})
		time.Sleep(time.Hour)
		b.holds(event.SetAside{Key: "connection/crm", Runs: 2, Past: 1})
		b.resume(event.PauseConnection("crm"))
		// What waited with if_past: skip is past.
		b.sends("second e1")
		if left := b.runs(); left[1].Status != event.StatusSkipped {
			b.t.Errorf("the run of lapsing is %s: %s", left[1].Status, left[1].Reason)
		}
	})
}

func TestEverythingIsPausedForATime(t *testing.T) {
	t.Parallel()
	paused(t, func(b *bench) {
		b.pause(event.PauseAll, time.Hour)
		b.take(event.TypeScheduled, "e1", about(70*time.Minute)...)
		b.take(event.TypeScheduled, "e2", append(about(70*time.Minute), "meeting.id", "other")...)
		time.Sleep(59 * time.Minute)
		b.sends()
		// The waits were due ten minutes after the events: those that lapse have.
		time.Sleep(2 * time.Minute)
		b.sends("first e1", "first e2", "later e1", "later e2", "second e1", "second e2")
		b.holds()
	})
}

// TestRunsThatNoPauseHoldsAreFreed: a process that is killed between the end of
// a pause and the freeing of its runs leaves them to the next.
func TestRunsThatNoPauseHoldsAreFreed(t *testing.T) {
	t.Parallel()
	paused(t, func(b *bench) {
		b.pause(event.PauseRule("chain"), 0)
		b.take(event.TypeScheduled, "e1", about(48*time.Hour)...)
		b.sends()
		b.close()
		b.pauses = false
		b.open("second")
		b.resumeInStore(event.PauseRule("chain"))
		b.sends()
		b.close()
		b.pauses = true
		b.open("third")
		b.sends("first e1", "second e1")
	})
}

// TestWhatMayHaveBeenSentIsNotedBeforeItIsHeld: a pause does not hide that an
// action may have been sent by a process that died.
func TestWhatMayHaveBeenSentIsNotedBeforeItIsHeld(t *testing.T) {
	t.Parallel()
	paused(t, func(b *bench) {
		b.pause(event.PauseRule("chain"), 0)
		b.takeThenDie(event.TypeScheduled, "e1", true)
		time.Sleep(time.Minute)
		b.sends()
		i := slices.IndexFunc(b.runs(), func(r *event.Run) bool { return r.Rule == "chain" })
		if got := b.history(b.runs()[i]); len(got) != 1 || !strings.HasSuffix(got[0], " unknown") {
			b.t.Errorf("history: %v", got)
		}
		b.resume(event.PauseRule("chain"))
		b.sends("first e1", "second e1")
	})
}

// TestPausedRunsFollowTheirMeeting: what a pause holds is moved and dropped with
// its meeting.
func TestPausedRunsFollowTheirMeeting(t *testing.T) {
	t.Parallel()
	paused(t, func(b *bench) {
		b.take(event.TypeScheduled, "e1", about(2*time.Hour)...)
		b.sends("first e1", "second e1")
		b.pause(event.PauseAll, 0)
		time.Sleep(90 * time.Minute)
		b.holds(event.SetAside{Key: "all", Runs: 2, Past: 1})
		b.take(event.TypeRescheduled, "moved", about(10*time.Hour)...)
		settle()
		b.resume(event.PauseAll)
		b.sends()
		time.Sleep(10 * time.Hour)
		b.sends("lapsing e1", "later e1")
	})
}

// TestNoCallBeginsAfterAPause: it may come while a run notes that it is about to
// send.
func TestNoCallBeginsAfterAPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{t: t, path: sqlitetest.File(t), probe: &probe{}, pauses: true}
		var once sync.Once
		b.recorded = func(p event.Progress) {
			if p.Run.InFlight {
				once.Do(func() { b.pause(event.PauseAll, 0) })
			}
		}
		setupWith(b, pausable+`
  - name: single
    event: scheduling.smartscheduler.canceled
    actions:
      - probe: { text: "single ${{ event.eventId }}" }
        on_unknown: stop
`)
		b.take(event.TypeCanceled, "e1")
		b.sends()
		b.holds(event.SetAside{Key: "all", Runs: 1})
		b.resume(event.PauseAll)
		b.sends("single e1")
		if got := b.history(b.runs()[0]); len(got) != 1 {
			b.t.Errorf("history: %v", got)
		}
	})
}

// TestShadowRunsArePausedWithTheirRule: they send nothing, and a paused rule
// does nothing all the same.
func TestShadowRunsArePausedWithTheirRule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setupWith(&bench{t: t, path: sqlitetest.File(t), probe: &probe{}, pauses: true}, strings.ReplaceAll(pausable, "- name: chain", "- name: chain\n    mode: shadow"))
		b.pause(event.PauseConnection("crm"), 0)
		b.pause(event.PauseRule("chain"), 0)
		b.take(event.TypeScheduled, "e1", about(48*time.Hour)...)
		b.sends()
		b.holds(event.SetAside{Key: "rule/chain", Runs: 1})
		b.resume(event.PauseRule("chain"))
		b.sends()
		b.holds() // a shadow run calls no connection
	})
}
