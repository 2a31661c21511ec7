package engine

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/gavel-rules/gavel/engine/plan"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/text"
)

// direct carries out a step that sends nothing: it decides where the run
// continues, and the history says why. unsure says why its condition is not known
// in a shadow run.
func (j *job) direct(ctx context.Context, s *rules.Step, attempt event.Attempt, unsure string) {
	attempt.Outcome = event.OutcomeSucceeded
	if s.Flow.Kind == rules.FlowStop {
		j.stop(ctx, s, attempt, unsure)
		return
	}
	if s.When != nil {
		attempt.Reason = "its condition is true: " + s.When.Source
	}
	var mark json.RawMessage
	if unsure != "" {
		attempt.Outcome, attempt.Reason, mark = event.OutcomeSkipped, unsure, plan.Unsure(unsure)
	}
	j.advanceTo(ctx, s.Index+1, attempt, mark)
}

// maxStopReason is how many characters of the reason of a stop are kept.
const maxStopReason = 500

// stop ends the run as succeeded, with the reason. A shadow run for which that is
// not certain goes on.
func (j *job) stop(ctx context.Context, s *rules.Step, attempt event.Attempt, unsure string) {
	reason, err := s.Flow.Reason.Render(j.scope().Within(ctx), nil)
	switch {
	case err != nil && ctx.Err() != nil:
		return
	case err != nil:
		j.failed(ctx, s, attempt, unprepared(err))
		return
	}
	attempt.Reason = text.Clip(j.words(reason), maxStopReason)
	if unsure = cmp.Or(unsure, j.unsure(s)); unsure != "" {
		attempt.Outcome, attempt.Reason = event.OutcomeSkipped, "might stop: "+attempt.Reason+"; "+unsure
		j.advance(ctx, attempt, plan.Unsure(unsure))
		return
	}
	attempt.Ended = j.opts.Now()
	j.finish(event.StatusSucceeded, attempt.Reason)
	j.record(ctx, j.with(attempt))
}

// unsure says why it is not certain whether a shadow run reaches a step, or is
// empty.
func (j *job) unsure(s *rules.Step) string {
	if !j.run.Shadow || !j.rule.Branches() {
		return ""
	}
	return plan.Doubt(j.rule, j.run, s)
}

// turn returns where the run continues instead of next, after the action at.
func (j *job) turn(at, next int) int {
	if !j.run.Shadow || !j.rule.Branches() {
		return next
	}
	return plan.BothBranches(j.run, j.rule.Actions[at], next)
}
