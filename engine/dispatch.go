package engine

import (
	"context"
	"time"
)

// claimBatch is the most runs claimed at once.
const claimBatch = 128

// dispatch claims due runs when something may have become due: on a poke, on a
// notification from another process, at the next due time, and at least every
// Poll.
func (e *Engine) dispatch(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.poke:
		case <-e.store.Woken():
		case <-timer.C:
		}
		timer.Reset(e.claimDue(ctx))
		e.signs.Turn(e.opts.Now())
	}
}

// claimDue fills the queue with due runs and returns how long to sleep.
func (e *Engine) claimDue(ctx context.Context) time.Duration {
	for {
		e.signs.Turn(e.opts.Now())
		places := e.queue.reserve(claimBatch)
		if places == 0 {
			return e.opts.Poll / 10
		}
		now := e.opts.Now()
		runs, err := e.store.Claim(ctx, e.opts.Owner, e.opts.Due(), now.Add(e.opts.Lease), places)
		e.queue.free(places - len(runs))
		if err != nil {
			if ctx.Err() == nil {
				e.log.Warn("due runs could not be claimed", "error", err)
			}
			return e.opts.Poll
		}
		for _, run := range runs {
			e.queue.put(task{run: run})
		}
		e.opts.Observer.Claimed(len(runs), e.opts.Now().Sub(now))
		if len(runs) < places {
			return e.untilNextDue(ctx)
		}
	}
}

func (e *Engine) untilNextDue(ctx context.Context) time.Duration {
	due, err := e.store.NextDue(ctx)
	if err != nil || due.IsZero() {
		return e.opts.Poll
	}
	return min(max(due.Sub(e.opts.Due()), time.Millisecond), e.opts.Poll)
}

// renew extends the leases of this process.
func (e *Engine) renew(ctx context.Context) {
	ticker := time.NewTicker(e.opts.Lease / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		e.recordRefused(ctx)
		if held, _ := e.queue.load(); held == 0 {
			continue
		}
		if err := e.store.Renew(ctx, e.opts.Owner, e.opts.Now().Add(e.opts.Lease)); err != nil && ctx.Err() == nil {
			e.log.Warn("leases could not be renewed", "error", err)
		}
	}
}
