package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
)

// TestArrivalDecidesAboutAnotherTry fails the first try of an action in each
// of the ways that tell something about its arrival.
func TestArrivalDecidesAboutAnotherTry(t *testing.T) {
	t.Parallel()
	const file = `
rules:
  - name: r
    event: "*"
    actions:
      - id: a
        retry: RETRY
        on_unknown: UNKNOWN
        probe: { text: a }
`
	check := func(arrival event.Arrival, onUnknown, retry string, status event.Status, reason string, history ...string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, strings.NewReplacer("RETRY", retry, "UNKNOWN", onUnknown).Replace(file))
			b.probe.answer = failWith(1, &event.Failure{Cause: event.CauseNetwork, Retry: true, Arrival: arrival, Text: "cut"})
			b.take(event.TypeScheduled, "e1")
			settle()
			time.Sleep(time.Minute)
			settle()
			run := b.only()
			if run.Status != status || run.Reason != reason {
				t.Errorf("%s, on_unknown %s: run %s, %q", arrival, onUnknown, run.Status, run.Reason)
			}
			if diff := cmp.Diff(history, b.history(run)); diff != "" {
				t.Errorf("%s, on_unknown %s (-want +got):\n%s", arrival, onUnknown, diff)
			}
			sent := b.probe.all()
			if len(sent) != len(history) || sent[len(sent)-1].Try != len(history) || sent[0].Key != sent[len(sent)-1].Key {
				t.Errorf("%s, on_unknown %s: sent %+v", arrival, onUnknown, sent)
			}
		})
	}
	check(event.ArrivalUnknown, "stop", "{ max: 5 }", event.StatusFailed, "cut; the request may have arrived (action a; on_unknown is stop)", "a unknown")
	check(event.ArrivalUnknown, "retry", "{ max: 5 }", event.StatusSucceeded, "", "a unknown", "a succeeded")
	check(event.ArrivalUnknown, "retry", "false", event.StatusFailed, "cut; the request may have arrived (action a)", "a unknown")
	check(event.ArrivalNotSent, "stop", "{ max: 5 }", event.StatusSucceeded, "", "a failed", "a succeeded")
	check(event.ArrivalNotSent, "stop", "false", event.StatusFailed, "cut; nothing was sent (action a)", "a failed")
	check(event.Answered, "stop", "{ max: 5 }", event.StatusSucceeded, "", "a failed", "a succeeded")
}

// TestWhatSendsNothingCannotHaveArrived fails without saying how: of a kind that
// sends, that may have arrived; of one that does not, it has not.
func TestWhatSendsNothingCannotHaveArrived(t *testing.T) {
	t.Parallel()
	check := func(kind, history string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, `
rules:
  - name: r
    event: "*"
    actions: [ { id: a, retry: false, `+kind+`: { text: a } } ]
`)
			b.probe.answer = func(context.Context, sending) (any, error) { return nil, errors.New("no space left") }
			b.take(event.TypeScheduled, "e1")
			settle()
			if diff := cmp.Diff([]string{history}, b.history(b.only())); diff != "" {
				t.Errorf("%s (-want +got):\n%s", kind, diff)
			}
		})
	}
	check("probe", "a unknown")
	check("note", "a failed")
}

// TestATryMayTakeTenMinutes has a lease of 30 seconds that must be kept alive
// for as long as a mail server may think about a mail.
func TestATryMayTakeTenMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, `
rules:
  - name: r
    event: "*"
    actions: [ { id: a, timeout: 20m, probe: { text: a } } ]
`)
		b.probe.answer = func(ctx context.Context, _ sending) (any, error) {
			select {
			case <-time.After(10 * time.Minute):
				return &probeResult{Number: 1}, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		b.take(event.TypeScheduled, "e1")
		time.Sleep(11 * time.Minute)
		settle()
		if run := b.only(); run.Status != event.StatusSucceeded || len(b.probe.all()) != 1 {
			t.Errorf("run %s (%s), sent %d times", run.Status, run.Reason, len(b.probe.all()))
		}
	})
}

// TestCutOffByShutdownBeforeSending is not in doubt, so it does not stop a run
// that must not send twice.
func TestCutOffByShutdownBeforeSending(t *testing.T) {
	t.Parallel()
	check := func(arrival event.Arrival, want event.Status) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, `
rules:
  - name: r
    event: "*"
    actions: [ { id: a, on_unknown: stop, probe: { text: a } } ]
`)
			b.probe.answer = func(ctx context.Context, _ sending) (any, error) {
				<-ctx.Done()
				return nil, &event.Failure{Cause: event.CauseNetwork, Retry: true, Arrival: arrival, Err: ctx.Err()}
			}
			b.take(event.TypeScheduled, "e1")
			settle()
			b.close()
			b.probe.answer = nil
			b.open("second")
			settle()
			if run := b.only(); run.Status != want {
				t.Errorf("%s: run %s: %s", arrival, run.Status, run.Reason)
			}
		})
	}
	check(event.ArrivalNotSent, event.StatusSucceeded)
	check(event.ArrivalUnknown, event.StatusFailed)
}
