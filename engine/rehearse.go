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

// Rehearsal makes an Engine that sends nothing. With the zero value, it sends.
type Rehearsal struct {
	// Shadow makes every run a shadow run: it continues as far as possible
	// without replies, and what would be sent is recorded.
	Shadow bool
	// Send replaces the destinations: it returns the result of an action, nil if
	// it is not known, or a failure. nil means real destinations.
	Send func(run *event.Run, s *rules.Step, try int) (result any, f *event.Failure)
	// Verdicts replaces matching, for events that the rehearsal has matched
	// already. nil means that the engine matches.
	Verdicts func(ev *event.Event) []rules.Verdict
	// NoReply says why the reply of an action is not known; the default is that
	// it has not run.
	NoReply string
}

// on reports whether this is a rehearsal.
func (r Rehearsal) on() bool { return r.Shadow || r.Send != nil }

// CarryOutDue carries out all due runs one after the other until none is due,
// and returns how many there were. It is for rehearsals, on an Engine that is
// not started.
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

// planned makes the runs shadow runs in a shadow rehearsal.
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

// noResult is the result of an action that was not sent or failed. It is only
// stored where replies can be missing, to tell it from an unknown reply.
func (j *job) noResult(s *rules.Step) json.RawMessage {
	if !j.hypothetical() || s.NewResult == nil {
		return nil
	}
	return marshal(s.NewResult())
}

// notKnown reports whether err means that a shadow run needs an unknown reply.
func (j *job) notKnown(err error) bool {
	var unknown *language.UnknownError
	return j.run.Shadow && errors.As(err, &unknown)
}

// rehearse is like send without gates and destinations.
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
