package engine

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/engine/gate"
	"github.com/gavel-rules/gavel/event"
)

// record stores progress under this process's lease. If it returns false, the
// lease was lost or the store is unavailable, and this process must not continue
// the run: whoever claims it next repeats the action with the same key.
func (e *Engine) record(ctx context.Context, p event.Progress) bool {
	now := e.opts.Now()
	p.Run.Updated = now
	p.Owner = e.opts.Owner
	p.LeaseUntil = now.Add(e.opts.Lease)
	// What was sent must be recorded even while shutting down.
	if ctx.Done() != nil {
		ctx = context.WithoutCancel(ctx)
	}
	err := e.recordUntilStored(ctx, p)
	if refused(err) {
		e.log.ErrorContext(ctx, "store rejected the progress of a run", "run_id", p.Run.ID, "rule", p.Run.Rule, "error", err)
		p, err = e.recordLess(ctx, p, err)
	}
	if err != nil {
		if !errors.Is(err, event.ErrConflict) {
			e.log.ErrorContext(ctx, "progress of a run not stored", "run_id", p.Run.ID, "rule", p.Run.Rule, "error", err)
		}
		p.Run.Status = event.StatusPending // ends the loop of carryOut
		return false
	}
	e.refusals.Stored()
	if p.Run.Status == event.StatusPending || p.Run.Status == event.StatusWaiting {
		e.Wake()
	}
	for i := range p.Attempts {
		e.opts.Observer.AttemptEnded(p.Run, &p.Attempts[i])
	}
	if p.Run.Status != event.StatusRunning {
		e.opts.Observer.RunChanged(p.Run)
		e.logRun(ctx, p.Run)
	}
	return true
}

// recordUntilStored retries while the store is unavailable, for half of the
// lease.
func (e *Engine) recordUntilStored(ctx context.Context, p event.Progress) (err error) {
	deadline := e.opts.Now().Add(e.opts.Lease / 2)
	for pause := 50 * time.Millisecond; ; pause *= 2 {
		err = e.store.Record(ctx, p)
		if err == nil || !errors.Is(err, event.ErrUnavailable) || e.opts.Now().Add(pause).After(deadline) {
			return err
		}
		time.Sleep(pause)
	}
}

// logRun logs the new state of a run. That a run failed is for somebody to look
// at; that it goes on later is not: logNews says once what holds runs back.
func (e *Engine) logRun(ctx context.Context, run *event.Run) {
	level := slog.LevelInfo
	switch run.Status {
	case event.StatusFailed:
		level = slog.LevelWarn
	case event.StatusPending:
		level = slog.LevelDebug
	}
	if e.log.Enabled(ctx, level) {
		e.log.Log(ctx, level, "run "+string(run.Status), "run_id", run.ID, "event_id", run.EventID, "rule", run.Rule, "reason", run.Reason)
	}
}

// logNews logs what has changed at a destination, once for all its runs.
func logNews(log *slog.Logger, n gate.News) {
	reason := strings.TrimPrefix(n.Reason, "held: ")
	switch n.Kind {
	case gate.Failing:
		log.Warn("a destination fails; its runs are held", "destination", n.Destination, "reason", reason)
	case gate.Recovered:
		log.Info("a destination works again", "destination", n.Destination)
	case gate.Asked:
		log.Warn("a destination asked for a pause; its runs are held", "destination", n.Destination, "reason", reason)
	case gate.Holding:
		log.Info("runs are held", "destination", n.Destination, "reason", reason)
	}
}

// record stores progress and adds it to the trace.
func (j *job) record(ctx context.Context, p event.Progress) bool {
	stored := j.Engine.record(ctx, p)
	j.span.Recorded(ctx, p, stored)
	return stored
}

// end records the end of the run as a whole.
func (j *job) end(ctx context.Context, status event.Status, reason string) {
	now := j.opts.Now()
	j.finish(status, reason)
	p := event.Progress{Run: j.run}
	if reason != "" {
		p.Attempts = []event.Attempt{{RunID: j.run.ID, Action: -1, Started: now, Ended: now, Outcome: event.OutcomeChanged, Reason: reason}}
		if status == event.StatusFailed {
			p.Attempts[0].Cause = event.CauseExpression // nothing else ends a run outside of its actions
		}
	}
	j.record(ctx, p)
}

func (j *job) finish(status event.Status, reason string) {
	j.run.Status, j.run.Reason, j.run.Finished = status, reason, j.opts.Now()
}
