package spans

import (
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// TestUntracedCostsNothing pins what every run pays while traces are off.
func TestUntracedCostsNothing(t *testing.T) {
	run := &event.Run{ID: "run", Status: event.StatusSucceeded}
	planned := []event.PlannedRun{{Run: *run}}
	progress := event.Progress{Run: run, Attempts: []event.Attempt{{Outcome: event.OutcomeSucceeded}}}
	now := time.Now()
	allocated := testing.AllocsPerRun(100, func() {
		var off Tracing
		off.Mark(t.Context(), planned)
		ctx, span := off.BeginRun(t.Context(), run, now)
		ctx = span.BeginAttempt(ctx, &progress.Attempts[0])
		span.Recorded(ctx, progress, true)
		span.End(now, run)
	})
	if allocated > 0 {
		t.Errorf("%v allocations for a run that is not traced, want none", allocated)
	}
}
