package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/engine/gate"
	"github.com/gavel-rules/gavel/event"
)

const (
	// postponedFor is how long a run rests that cannot even begin.
	postponedFor = 30 * time.Second
	// longestStuck is for how long it is tried again. It leaves time to bring
	// back a variable of the environment that its rules need.
	longestStuck = 24 * time.Hour
	// staleStuck is when a run that was not seen again counts no more: it was
	// canceled, or another process has it.
	staleStuck = 10 * postponedFor
)

// stuck are the runs that cannot begin.
type stuck struct {
	mu    sync.Mutex
	since map[string]stuckRun // by run
}

type stuckRun struct {
	began, seen time.Time
	why         string
}

func newStuck() *stuck { return &stuck{since: map[string]stuckRun{}} }

// enter notes that a run could not begin, and returns since when.
func (s *stuck) enter(runID, why string, now time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, known := s.since[runID]
	if !known {
		if len(s.since) >= maxRefused {
			return now
		}
		r.began = now
	}
	r.seen, r.why = now, why
	s.since[runID] = r
	return r.began
}

func (s *stuck) leave(runID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.since, runID)
}

// state returns how many there are, and why one of them is.
func (s *stuck) state(now time.Time) (n int, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, r := range s.since {
		if now.Sub(r.seen) > staleStuck {
			delete(s.since, id)
			continue
		}
		n, why = n+1, r.why
	}
	return n, why
}

// postpone puts a run that cannot even begin back for later. It ends as failed
// when what it needs is gone for good, or has been missing for a day.
func (e *Engine) postpone(ctx context.Context, run *event.Run, err error) {
	if ctx.Err() != nil {
		return
	}
	now := e.opts.Now()
	if errors.Is(err, event.ErrUnavailable) {
		e.rest(ctx, run, err)
		return
	}
	since := e.stuck.enter(run.ID, err.Error(), now)
	if !errors.Is(err, event.ErrNotFound) && now.Sub(since) < longestStuck {
		e.rest(ctx, run, err)
		return
	}
	e.stuck.leave(run.ID)
	run.Status, run.Finished = event.StatusFailed, now
	run.Reason = "cannot go on: " + err.Error()
	if now.Sub(since) >= longestStuck {
		run.Reason = fmt.Sprintf("could not go on for %s: %s", longestStuck, err)
	}
	e.record(ctx, event.Progress{Run: run, Attempts: []event.Attempt{
		{RunID: run.ID, Action: -1, Started: now, Ended: now, Outcome: event.OutcomeChanged, Reason: run.Reason},
	}})
}

func (e *Engine) rest(ctx context.Context, run *event.Run, err error) {
	run.Status, run.Due = event.StatusPending, e.opts.Now().Add(gate.Spread(postponedFor))
	run.Reason = "cannot go on yet: " + err.Error()
	e.record(ctx, event.Progress{Run: run})
}
