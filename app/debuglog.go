package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// debugLog logs at level debug what the engine does: names and numbers, never
// contents.
type debugLog struct{ log *slog.Logger }

// EventTaken implements engine.Observer.
func (d debugLog) EventTaken(ev *event.Event, receipt event.Receipt, matched int) {
	if d.off() {
		return
	}
	d.log.Debug("event taken", "event_id", ev.ID, "event_type", ev.Type, "meeting_id", ev.Meeting.ID, "late", receipt.Late,
		"rules_matched", matched, "runs", receipt.Created, "waits_moved", receipt.Moved, "waits_dropped", receipt.Dropped)
}

// AttemptEnded implements engine.Observer.
func (d debugLog) AttemptEnded(run *event.Run, a *event.Attempt) {
	if d.off() {
		return
	}
	d.log.Debug("attempt ended", "run_id", run.ID, "event_id", run.EventID, "rule", run.Rule, "action", a.ActionID, "attempt", a.Try,
		"outcome", string(a.Outcome), "cause", string(a.Cause), "took", a.Ended.Sub(a.Started).String())
}

// RunChanged implements engine.Observer; the engine logs the ends of runs itself.
func (d debugLog) RunChanged(*event.Run) {}

// Claimed implements engine.Observer.
func (d debugLog) Claimed(count int, took time.Duration) {
	if count > 0 {
		d.log.Debug("due runs claimed", "count", count, "took", took.String())
	}
}

func (d debugLog) off() bool { return !d.log.Enabled(context.Background(), slog.LevelDebug) }
