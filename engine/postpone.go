package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/engine/gate"
	"github.com/gavel-rules/gavel/engine/vitals"
	"github.com/gavel-rules/gavel/event"
)

// longestStuck is how long a run that cannot begin is retried. It leaves time to
// restore an environment variable that its rules need.
const longestStuck = 24 * time.Hour

// postpone retries a run that cannot begin later. The run fails if what it needs
// no longer exists, or after longestStuck.
func (e *Engine) postpone(ctx context.Context, run *event.Run, err error) {
	if ctx.Err() != nil {
		return
	}
	now := e.opts.Now()
	if errors.Is(err, event.ErrUnavailable) {
		e.rest(ctx, run, err)
		return
	}
	since := e.stuck.Enter(run.ID, err.Error(), now)
	if !errors.Is(err, event.ErrNotFound) && now.Sub(since) < longestStuck {
		e.rest(ctx, run, err)
		return
	}
	e.stuck.Leave(run.ID)
	run.Status, run.Finished = event.StatusFailed, now
	run.Reason = "cannot continue: " + err.Error()
	if now.Sub(since) >= longestStuck {
		run.Reason = fmt.Sprintf("could not continue for %s: %s", longestStuck, err)
	}
	e.record(ctx, event.Progress{Run: run, Attempts: []event.Attempt{
		{RunID: run.ID, Action: -1, Started: now, Ended: now, Outcome: event.OutcomeChanged, Reason: run.Reason},
	}})
}

func (e *Engine) rest(ctx context.Context, run *event.Run, err error) {
	run.Status, run.Due = event.StatusPending, e.opts.Now().Add(gate.Spread(vitals.StuckPause))
	run.Reason = "postponed: " + err.Error()
	e.record(ctx, event.Progress{Run: run})
}
