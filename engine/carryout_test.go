package engine_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
)

const chain = `
rules:
  - name: chain
    event: scheduling.*
    actions:
      - id: find
        probe: { text: "find ${{ meeting.meetingInfo.meetingName }}" }
      - id: never
        when: actions.find.number == 8
        probe: { text: never }
      - id: note
        probe: { text: "note ${{ actions.find.number + 1 }}" }
`

func TestChain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, chain)
		b.take(event.TypeScheduled, "e1", "meeting.meetingInfo.meetingName", "Demo")
		settle()
		if diff := cmp.Diff([]string{"find Demo", "note 8"}, b.probe.texts()); diff != "" {
			t.Error(diff)
		}
		run := b.only()
		if run.Status != event.StatusSucceeded {
			t.Errorf("run %s: %s", run.Status, run.Reason)
		}
		if diff := cmp.Diff([]string{"find succeeded", "never skipped", "note succeeded"}, b.history(run)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestDuplicateStartsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, chain)
		b.take(event.TypeScheduled, "e1")
		if second := b.take(event.TypeScheduled, "e1"); !second.Duplicate || len(second.Started) > 0 {
			t.Errorf("second delivery: %+v", second)
		}
		settle()
		b.only()
	})
}

func TestConditionErrorIsAFailedRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, `
rules:
  - name: broken
    event: "*"
    when: int(meeting.meetingInfo.meetingName) > 3
    actions: [ { probe: { text: x } } ]
`)
		b.take(event.TypeScheduled, "e1", "meeting.meetingInfo.meetingName", "no number")
		settle()
		run := b.only()
		if run.Status != event.StatusFailed || !strings.Contains(run.Reason, "condition could not be evaluated") {
			t.Errorf("run %s: %s", run.Status, run.Reason)
		}
	})
}

// TestPreparingOutOfTime: a machine that is too slow to prepare an action within
// its timeout tries again, and sends once.
func TestPreparingOutOfTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, `
rules:
  - name: r
    event: "*"
    actions: [ { probe: { text: "${{ event.eventId }}" }, timeout: 1s } ]
`)
		stalls := 2
		b.probe.stall = func() {
			if stalls--; stalls >= 0 {
				time.Sleep(2 * time.Second)
			}
		}
		b.take(event.TypeScheduled, "e1")
		time.Sleep(time.Hour)
		settle()
		run := b.only()
		if run.Status != event.StatusSucceeded || len(b.probe.all()) != 1 || b.probe.all()[0].Try != 3 {
			t.Errorf("run %s (%s), sent %+v", run.Status, run.Reason, b.probe.all())
		}
	})
}

func TestRetries(t *testing.T) {
	t.Parallel()
	const retried = `
rules:
  - name: r
    event: "*"
    actions:
      - probe: { text: a }
        retry: { max: 4, initial: 10s, longest: 1m }
`
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, retried)
		b.probe.answer = failWith(2, &event.Failure{Cause: event.CauseServer, Retry: true, Text: "503"})
		b.take(event.TypeScheduled, "e1")
		settle()
		if run := b.only(); run.Status != event.StatusPending || run.Tries != 1 {
			t.Errorf("after the first failure: %+v", run)
		}
		time.Sleep(time.Minute)
		settle()
		if run := b.only(); run.Status != event.StatusSucceeded {
			t.Errorf("in the end: %s %s", run.Status, run.Reason)
		}
		sent := b.probe.all()
		if len(sent) != 3 {
			t.Fatalf("sent %d times, want 3", len(sent))
		}
		for i, s := range sent {
			if s.Key != sent[0].Key || s.Try != i+1 {
				t.Errorf("sending %d: key %s try %d", i, s.Key, s.Try)
			}
		}
		first, second := sent[1].At.Sub(sent[0].At), sent[2].At.Sub(sent[1].At)
		if first < 8*time.Second || first > 13*time.Second || second < 16*time.Second || second > 25*time.Second {
			t.Errorf("pauses %s and %s, want about 10s and 20s", first, second)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, retried)
		b.probe.answer = failWith(100, &event.Failure{Cause: event.CauseServer, Retry: true, Text: "503"})
		b.take(event.TypeScheduled, "e1")
		time.Sleep(time.Hour)
		settle()
		run := b.only()
		if run.Status != event.StatusFailed || !strings.Contains(run.Reason, ", 4 tries)") || len(b.probe.all()) != 4 {
			t.Errorf("%d sendings, run %s: %s", len(b.probe.all()), run.Status, run.Reason)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, retried)
		b.probe.answer = failWith(1, &event.Failure{Cause: event.CauseClient, Text: "404"})
		b.take(event.TypeScheduled, "e1")
		time.Sleep(time.Hour)
		settle()
		if run := b.only(); run.Status != event.StatusFailed || len(b.probe.all()) != 1 {
			t.Errorf("a permanent error was tried %d times, run %s", len(b.probe.all()), run.Status)
		}
	})
}

func TestOnErrorContinue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, `
rules:
  - name: r
    event: "*"
    actions:
      - probe: { text: a }
        on_error: continue
      - probe: { text: b }
`)
		b.probe.answer = failWith(1, &event.Failure{Cause: event.CauseClient, Text: "404"})
		b.take(event.TypeScheduled, "e1")
		settle()
		if diff := cmp.Diff([]string{"a", "b"}, b.probe.texts()); diff != "" {
			t.Error(diff)
		}
		if run := b.only(); run.Status != event.StatusSucceeded {
			t.Errorf("run %s: %s", run.Status, run.Reason)
		}
	})
}

func TestRunOfADeadProcessIsPickedUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, chain)
		b.takeThenDie(event.TypeScheduled, "e1", false)
		settle()
		if n := len(b.probe.all()); n != 0 {
			t.Fatalf("%d sendings while the lease of the dead process holds", n)
		}
		time.Sleep(31 * time.Second)
		settle()
		run := b.only()
		if run.Status != event.StatusSucceeded {
			t.Errorf("run %s: %s", run.Status, run.Reason)
		}
		want := []string{"find unknown", "find succeeded", "never skipped", "note succeeded"}
		if diff := cmp.Diff(want, b.history(run)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestOnUnknownStop(t *testing.T) {
	t.Parallel()
	const once = `
rules:
  - name: r
    event: "*"
    actions:
      - probe: { text: a }
        on_unknown: stop
`
	check := func(inFlight bool, status event.Status, sendings int) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, once)
			b.takeThenDie(event.TypeScheduled, "e1", inFlight)
			time.Sleep(31 * time.Second)
			settle()
			if run := b.only(); run.Status != status || len(b.probe.all()) != sendings {
				t.Errorf("in flight %v: run %s (%s), %d sendings", inFlight, run.Status, run.Reason, len(b.probe.all()))
			}
		})
	}
	check(true, event.StatusFailed, 0)
	check(false, event.StatusSucceeded, 1) // never marked, so certainly not sent
}

func TestShutdownInterruptsWithoutCostingATry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, chain)
		b.probe.answer = func(ctx context.Context, _ sending) (any, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}
		b.take(event.TypeScheduled, "e1")
		settle()
		b.close()
		b.probe.answer = nil
		b.open("second")
		settle()
		run := b.only()
		if run.Status != event.StatusSucceeded {
			t.Errorf("run %s: %s", run.Status, run.Reason)
		}
		sent := b.probe.all()
		if sent[0].Key != sent[1].Key || sent[1].Try != 1 {
			t.Errorf("after the interruption: %+v", sent[:2])
		}
	})
}

func TestKeepsTheRuleOfItsEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, strings.ReplaceAll(chain, "note ", "old "))
		b.probe.answer = failWith(1, &event.Failure{Cause: event.CauseServer, Retry: true, Text: "503"})
		b.take(event.TypeScheduled, "e1", "meeting.meetingInfo.meetingName", "Demo")
		settle()
		b.close()
		b.load(strings.ReplaceAll(chain, "note ", "new "))
		b.open("second")
		time.Sleep(time.Minute)
		settle()
		if diff := cmp.Diff([]string{"find Demo", "find Demo", "old 2"}, b.probe.texts()); diff != "" {
			t.Error(diff)
		}
	})
}

// TestRetryLooksAtTheConditionFirst: a run whose condition could not be
// evaluated sends nothing when it is retried, unless the condition holds.
func TestRetryLooksAtTheConditionFirst(t *testing.T) {
	t.Parallel()
	check := func(name string, status event.Status, sendings int) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, `
rules:
  - name: large
    event: "*"
    when: int(meeting.meetingInfo.meetingName) > 3
    actions: [ { probe: { text: x } } ]
`)
			b.take(event.TypeScheduled, "e1", "meeting.meetingInfo.meetingName", name)
			settle()
			run := b.only()
			if err := b.store.RetryRun(t.Context(), run.ID, time.Now(), "by hand"); err != nil && run.Status == event.StatusFailed {
				t.Fatal(err)
			}
			b.engine.Wake()
			settle()
			if run := b.only(); run.Status != status || len(b.probe.all()) != sendings {
				t.Errorf("name %q: run %s (%s), %d sendings", name, run.Status, run.Reason, len(b.probe.all()))
			}
		})
	}
	check("no number", event.StatusFailed, 0)
	check("5", event.StatusSucceeded, 1)
}
