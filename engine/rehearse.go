package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
)

// Rehearsal makes an Engine that sends nothing. The zero value is the real
// thing.
type Rehearsal struct {
	// Shadow makes every run a shadow run: it is carried out as far as that is
	// possible without replies, and what would go out is recorded.
	Shadow bool
	// Send stands in for the destinations: it returns the result of an action,
	// nil if it is not known, or a failure. nil means that they are real.
	Send func(run *event.Run, s *rules.Step, try int) (result any, f *event.Failure)
	// Verdicts stands in for matching an event: a rehearsal that has matched it
	// already gives what came out. nil means that it is matched.
	Verdicts func(ev *event.Event) []rules.Verdict
	// NoReply says why the reply of an action is not known; empty means that it
	// has not run.
	NoReply string
}

// on reports whether nothing is really sent.
func (r Rehearsal) on() bool { return r.Shadow || r.Send != nil }

// CarryOutDue carries out every run that is due, one after the other in the
// calling goroutine, until none is due any more, and returns how many there
// were. It is for rehearsals, on an Engine that is not started.
func (e *Engine) CarryOutDue(ctx context.Context) (int, error) {
	for n := 0; ; n++ {
		now := e.opts.Now()
		runs, err := e.store.Claim(ctx, e.opts.Owner, now, now.Add(e.opts.Lease), 1)
		if err != nil {
			return n, fmt.Errorf("claim due runs: %w", err)
		}
		if len(runs) == 0 {
			return n, ctx.Err()
		}
		e.carryOut(ctx, task{run: runs[0]})
	}
}

// verdicts matches an event with the rules.
func (e *Engine) verdicts(ctx context.Context, set *rules.Set, ev *event.Event) []rules.Verdict {
	if given := e.opts.Rehearsal.Verdicts; given != nil {
		return given(ev)
	}
	return e.traces.Match(ctx, set, ev)
}

// planned makes the runs of a rehearsal shadow runs, if that is asked for.
func (e *Engine) planned(runs []event.PlannedRun) []event.PlannedRun {
	for i := range runs {
		if e.opts.Rehearsal.Shadow {
			runs[i].Shadow, runs[i].Lanes = true, nil
		}
	}
	return runs
}

// hypothetical reports whether replies that later actions need can be missing.
func (j *job) hypothetical() bool { return j.run.Shadow || j.opts.Rehearsal.Send != nil }

// noResult is what later actions see of one that was not sent or has failed.
// Where replies can be missing, it is told apart from a reply that is not
// known.
func (j *job) noResult(s *rules.Step) json.RawMessage {
	if !j.hypothetical() || s.NewResult == nil {
		return nil
	}
	return marshal(s.NewResult())
}

// notKnown reports whether a shadow run cannot tell because a reply is missing.
func (j *job) notKnown(err error) bool {
	var unknown *language.UnknownError
	return j.run.Shadow && errors.As(err, &unknown)
}

// rehearse does what send does, without gates and without destinations.
func (j *job) rehearse(ctx context.Context, s *rules.Step, attempt event.Attempt) {
	result, f := j.opts.Rehearsal.Send(j.run, s, j.run.Tries+1)
	if f != nil {
		j.failed(ctx, s, attempt, f)
		return
	}
	raw := marshal(result)
	attempt.Outcome, attempt.Response = event.OutcomeSucceeded, j.gate().Clip(raw, maxReply)
	j.advance(ctx, attempt, raw)
}
