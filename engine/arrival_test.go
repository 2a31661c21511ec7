package engine_test

import (
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
	check(event.ArrivalUnknown, "stop", "{ max: 5 }", event.StatusFailed, "action a: cut; the request may have arrived; on_unknown is stop", "a unknown")
	check(event.ArrivalUnknown, "retry", "{ max: 5 }", event.StatusSucceeded, "", "a unknown", "a succeeded")
	check(event.ArrivalUnknown, "retry", "false", event.StatusFailed, "action a failed: cut; the request may have arrived", "a unknown")
	check(event.ArrivalNotSent, "stop", "{ max: 5 }", event.StatusSucceeded, "", "a failed", "a succeeded")
	check(event.ArrivalNotSent, "stop", "false", event.StatusFailed, "action a failed: cut; nothing was sent", "a failed")
	check(event.Answered, "stop", "{ max: 5 }", event.StatusSucceeded, "", "a failed", "a succeeded")
}
