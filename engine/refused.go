package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/event"
)

const (
	// maxRefused bounds the runs whose end is kept in memory. Beyond it, the
	// tries that are counted when a run is claimed again are the only bound.
	maxRefused = 10_000
	// refusedInARow is how many runs the store has to refuse, and none take in
	// between, before the engine counts as unable to work: one bad row must not
	// stop the intake.
	refusedInARow = 3
	// maxReason is how much of a reason is kept when the whole was refused.
	maxReason = 1 << 10
)

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
	e.refusals.refused(p.Run.ID, cause)
	lean := withoutContent(p)
	if err := e.recordUntilStored(ctx, lean); !refused(err) {
		return lean, err
	}
	ended := e.endRefused(lean, cause)
	err := e.recordUntilStored(ctx, ended)
	if refused(err) {
		e.refusals.keep(ended)
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
	run.Reason = "the progress of this run cannot be stored, so it ends here: " + why
	if n := len(p.Attempts); n > 0 && p.Attempts[n-1].Action >= 0 {
		a := &p.Attempts[n-1]
		delete(run.Results, a.ActionID)
		run.Next, run.Tries = a.Action, a.Try
		run.Reason = fmt.Sprintf("action %s: try %d ended as %s, which cannot be stored; it is not sent again: %s", a.ActionID, a.Try, a.Outcome, why)
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

// refusals are the runs whose progress the store has refused.
type refusals struct {
	mu    sync.Mutex
	kept  map[string]event.Progress // ends that the store did not take, by run
	total int
	row   map[string]bool // runs refused since one was last stored
	last  string          // cause of the newest
}

func newRefusals() *refusals {
	return &refusals{kept: map[string]event.Progress{}, row: map[string]bool{}}
}

func (r *refusals) refused(runID string, cause error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total++
	r.last = cause.Error()
	if len(r.row) < maxRefused {
		r.row[runID] = true
	}
}

// stored notes that progress was taken.
func (r *refusals) stored() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.row)
}

func (r *refusals) keep(p event.Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept) < maxRefused {
		run := *p.Run // the caller's may be given another state
		p.Run = &run
		r.kept[run.ID] = p
	}
}

func (r *refusals) keeps(runID string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, kept := r.kept[runID]
	return kept
}

func (r *refusals) all() []event.Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]event.Progress, 0, len(r.kept))
	for _, p := range r.kept {
		out = append(out, p)
	}
	return out
}

func (r *refusals) forget(runID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.kept, runID)
}

// ailment says in words that the store takes no progress at all.
func (r *refusals) ailment() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.row) < refusedInARow {
		return ""
	}
	return fmt.Sprintf("the database refuses what became of %d runs in a row: %s", len(r.row), r.last)
}

// recordRefused tries again to store the ends that were refused.
func (e *Engine) recordRefused(ctx context.Context) {
	for _, p := range e.refusals.all() {
		p.LeaseUntil = e.opts.Now().Add(e.opts.Lease)
		err := e.store.Record(ctx, p)
		switch {
		case err == nil:
			e.refusals.stored()
			e.opts.Observer.RunChanged(p.Run)
			e.logRun(ctx, p.Run)
		case !errors.Is(err, event.ErrConflict) && !errors.Is(err, event.ErrNotFound):
			continue
		}
		// Stored, or the run is no longer this process's to end.
		e.refusals.forget(p.Run.ID)
	}
}

// Troubles count the runs that this process cannot carry on with.
type Troubles struct {
	// Refused is how often the store has refused the progress of a run since
	// the start, Unrecorded how many runs it lets not even fail.
	Refused, Unrecorded int
	// RefusedBecause is the newest cause.
	RefusedBecause string
	// Stuck is how many runs cannot begin, StuckBecause why one of them cannot.
	Stuck        int
	StuckBecause string
}

// Troubles tells what goes wrong with single runs, for metrics and readiness.
func (e *Engine) Troubles() Troubles {
	var t Troubles
	e.refusals.mu.Lock()
	t.Refused, t.Unrecorded, t.RefusedBecause = e.refusals.total, len(e.refusals.kept), e.refusals.last
	e.refusals.mu.Unlock()
	t.Stuck, t.StuckBecause = e.stuck.state(e.opts.Now())
	return t
}
