package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// maxReason is how many characters of a reason are kept if the whole was refused.
const maxReason = 1 << 10

// refused reports whether the store rejected the progress, so that retrying
// would not help.
func refused(err error) bool {
	return err != nil && !errors.Is(err, event.ErrConflict) && !errors.Is(err, event.ErrUnavailable) &&
		!errors.Is(err, event.ErrNotFound) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// recordLess stores part of progress that the store rejected: first without the
// requests and replies, then only that the run failed. If that is rejected too,
// it is kept in memory, and this process does not carry out the run again:
// otherwise the same message would be sent without end.
func (e *Engine) recordLess(ctx context.Context, p event.Progress, cause error) (event.Progress, error) {
	e.refusals.Add(p.Run.ID, cause)
	lean := withoutContent(p)
	if err := e.recordUntilStored(ctx, lean); !refused(err) {
		return lean, err
	}
	ended := e.endRefused(lean, cause)
	err := e.recordUntilStored(ctx, ended)
	if refused(err) {
		e.refusals.Keep(ended)
	}
	return ended, err
}

// withoutContent removes requests and replies from the attempts.
func withoutContent(p event.Progress) event.Progress {
	p.Attempts = append([]event.Attempt(nil), p.Attempts...)
	for i := range p.Attempts {
		a := &p.Attempts[i]
		a.Request, a.Response, a.Reason = nil, nil, clipReason(a.Reason)
	}
	return p
}

// endRefused ends the run at its current action.
func (e *Engine) endRefused(p event.Progress, cause error) event.Progress {
	run, why := p.Run, clipReason(cause.Error())
	run.Reason = "its progress cannot be stored: " + why
	if n := len(p.Attempts); n > 0 && p.Attempts[n-1].Action >= 0 {
		a := &p.Attempts[n-1]
		delete(run.Results, a.ActionID)
		run.Next, run.Tries = a.Action, a.Try
		run.Reason = fmt.Sprintf("action %s: outcome of try %d (%s) cannot be stored; not sent again: %s", a.ActionID, a.Try, a.Outcome, why)
		a.NextTry = time.Time{}
	}
	p.Remember = nil
	run.Status, run.InFlight, run.Finished = event.StatusFailed, false, e.opts.Now()
	return p
}

func clipReason(text string) string {
	if r := []rune(text); len(r) > maxReason {
		return string(r[:maxReason]) + "…"
	}
	return text
}

// recordRefused retries storing the rejected ends.
func (e *Engine) recordRefused(ctx context.Context) {
	for _, p := range e.refusals.Kept() {
		p.LeaseUntil = e.opts.Now().Add(e.opts.Lease)
		err := e.store.Record(ctx, p)
		switch {
		case err == nil:
			e.refusals.Stored()
			e.opts.Observer.RunChanged(p.Run)
			e.logRun(ctx, p.Run)
		case !errors.Is(err, event.ErrConflict) && !errors.Is(err, event.ErrNotFound):
			continue
		}
		// Stored, or the run belongs to another process.
		e.refusals.Forget(p.Run.ID)
	}
}
