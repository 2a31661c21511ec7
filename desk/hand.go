package desk

import (
	"context"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Engine is notified of manual changes, so that it acts at once.
type Engine interface {
	// StartedByHand carries a run out now, even if its destination asked to
	// wait.
	StartedByHand(runID string)
	Wake()
	// PausesChanged makes a changed pause take effect before it returns.
	PausesChanged(ctx context.Context) error
}

// The history of a run contains by: who did it, and where, such as "on the
// command line by olga".

// Retry makes an ended run due again.
func (d *Desk) Retry(ctx context.Context, id, by string) error {
	return d.start(id, d.Store.RetryRun(ctx, id, d.now(), "retried manually "+by))
}

// Cancel ends a run that has not ended.
func (d *Desk) Cancel(ctx context.Context, id, by string) error {
	return d.wake(d.Store.CancelRun(ctx, id, d.now(), "canceled manually "+by))
}

// RunNow makes a sleeping run due. A run in a wait continues after the wait:
// if it were only due, it would check the time and sleep again.
func (d *Desk) RunNow(ctx context.Context, id, by string) error {
	now := d.now()
	run, err := d.Store.Run(ctx, id)
	if err != nil {
		return err
	}
	if run.Status == event.StatusWaiting {
		return d.start(id, d.Store.MoveRevision(ctx, id, run.Revision, run.Next+1, now, "wait ended manually "+by, now))
	}
	return d.start(id, d.Store.RunNow(ctx, id, now, "started manually "+by))
}

func (d *Desk) now() time.Time {
	if d.Now == nil {
		return time.Now()
	}
	return d.Now()
}

func (d *Desk) start(id string, err error) error {
	if err == nil && d.Engine != nil {
		d.Engine.StartedByHand(id)
	}
	return err
}

func (d *Desk) wake(err error) error {
	if err == nil && d.Engine != nil {
		d.Engine.Wake()
	}
	return err
}
