package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/engine/gate"
	"github.com/gavel-rules/gavel/engine/plan"
	"github.com/gavel-rules/gavel/engine/vitals"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/params"
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

// pausedAt returns the pause that holds a run before an action; nil if there is
// none. A shadow run calls no connection.
func (j *job) pausedAt(s *rules.Step) *event.Pause {
	connection := s.Connection
	if j.run.Shadow {
		connection = ""
	}
	return j.pauses.Holding(j.run.Rule, connection)
}

// pausedAfter is pausedAt for the action that follows a wait.
func (j *job) pausedAfter(s *rules.Step, kept plan.Wait) *event.Pause {
	next := s.Next
	if kept.Then > s.Index {
		next = kept.Then
	}
	if next >= len(j.rule.Actions) {
		return nil
	}
	return j.pausedAt(j.rule.Actions[next])
}

// setAside gives the run back until a pause has ended. If its last wait is over,
// it returns to it, so that if_past and the rule's condition are checked again
// then. That is not an attempt.
func (j *job) setAside(ctx context.Context, p *event.Pause) {
	run := j.run
	run.Status, run.PausedBy, run.Reason = event.StatusPending, p.Key, "held: "+p.String()
	if s, w := j.waitBehind(); s != nil {
		kept, _ := plan.WaitOf(run, s.ID)
		if run.Next != s.Index {
			kept.Then, run.Next = run.Next, s.Index
			j.keep(s.ID, kept.Encode())
		}
		run.Status, run.Due, run.Lapses = event.StatusWaiting, kept.Until, w.Lapses()
	}
	j.record(ctx, event.Progress{Run: run, Remember: j.remembering})
}

// waitBehind returns the wait that the run is in, or the last one that it has
// left without trying the action after it; nil if there is none.
func (j *job) waitBehind() (*rules.Step, params.Waiter) {
	for i := min(j.run.Next, len(j.rule.Actions)-1); i >= 0; i-- {
		s := j.rule.Actions[i]
		w, waits := s.Action.(params.Waiter)
		if !waits {
			continue
		}
		if _, slept := plan.WaitOf(j.run, s.ID); slept && (i == j.run.Next || j.run.Tries == 0 && !j.run.InFlight) {
			return s, w
		} else if !slept && s.Parent != nil {
			continue // in a branch that was not taken
		}
		return nil, nil
	}
	return nil, nil
}
