package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// maxReason is how much of a reason is kept when the whole was refused.
const maxReason = 1 << 10

// refused reports whether the store is there but does not take the progress,
// so that trying again would not help.
func refused(err error) bool {
	return err != nil && !errors.Is(err, event.ErrConflict) && !errors.Is(err, event.ErrUnavailable) &&
		!errors.Is(err, event.ErrNotFound) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// recordLess stores what it can of progress that the store has refused: first
// the same without the requests and replies, then that the run ends as failed.
// When not even that is taken, it is kept in memory, and the run is not carried
// out again by this process: what was sent must not be sent without end because
// nobody can write it down.
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

// withoutContent leaves out of the attempts what others wrote.
func withoutContent(p event.Progress) event.Progress {
	p.Attempts = append([]event.Attempt(nil), p.Attempts...)
	for i := range p.Attempts {
		a := &p.Attempts[i]
		a.Request, a.Response, a.Reason = nil, nil, clipReason(a.Reason)
	}
	return p
}

// endRefused ends the run at the action that it had come to.
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
	run.Status, run.InFlight, run.Finished = event.StatusFailed, false, e.opts.Now()
	return p
}

func clipReason(text string) string {
	if r := []rune(text); len(r) > maxReason {
		return string(r[:maxReason]) + "…"
	}
	return text
}

// recordRefused tries again to store the ends that were refused.
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
		// Stored, or the run is no longer this process's to end.
		e.refusals.Forget(p.Run.ID)
	}
}
