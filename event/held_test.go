package event_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
)

// TestHeldByIsNotReadFromWords: the reason of a run is for people; only a run
// that has nothing else is told by it.
func TestHeldByIsNotReadFromWords(t *testing.T) {
	t.Parallel()
	check := func(run event.Run, want *event.Held) {
		t.Helper()
		if diff := cmp.Diff(want, run.HeldBy()); diff != "" {
			t.Errorf("%s %q (-want +got):\n%s", run.Status, run.Reason, diff)
		}
	}
	held := &event.Held{Window: event.WindowThreshold, Counted: 2}
	check(event.Run{Status: event.StatusSkipped, Reason: "throttled: by other words", HeldBack: held}, held)
	check(event.Run{Status: event.StatusPending, Reason: "retried", HeldBack: held}, nil)
	check(event.Run{Status: event.StatusSkipped, Reason: "late: event x of this meeting is newer"}, nil)
	// As earlier builds have stored them.
	check(event.Run{Status: event.StatusSkipped, Reason: "threshold: 3 of 5 within 1h"}, &event.Held{Window: event.WindowThreshold, Counted: 3})
	check(event.Run{Status: event.StatusSkipped, Reason: "throttled: once in 1h, the next from 2026-03-02 09:00:00 UTC"}, &event.Held{Window: event.WindowThrottle})
}
