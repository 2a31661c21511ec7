package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/engine/plan"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/params"
)

// wakeSlack is how far in the future the recalculated end of a wait may be
// without the run waiting again.
const wakeSlack = time.Second

// LateWake is how late a run may wake, for example after downtime, before its
// time counts as passed (if_past).
const LateWake = 5 * time.Minute

// wait makes the run wait, or, if it has waited, checks whether the wait is
// really over.
func (j *job) wait(ctx context.Context, s *rules.Step, w params.Waiter, attempt event.Attempt) {
	j.run.Follow = w.Follow() && j.run.MeetingID != ""
	if j.run.Follow {
		// From here on the run belongs to its meeting, which may have changed
		// since the run's event.
		if err := j.look(ctx); err != nil {
			j.notBegun(ctx, j.run, err)
			return
		}
		if j.dropIfObsolete(ctx) {
			return
		}
	}
	if !j.run.Follow {
		j.state, j.newest = nil, nil
	}
	now := j.opts.Now()
	kept, asleep := plan.WaitOf(j.run, s.ID)
	since := kept.Since
	if !asleep {
		since = now
	}
	wake, err := plan.Wake(w, j.scope().Within(ctx), now, since)
	if err != nil && ctx.Err() != nil {
		return
	}
	if j.notKnown(err) {
		attempt.Outcome, attempt.Reason = event.OutcomeSkipped, "wait skipped: its time depends on a reply that is not known yet"
		j.advance(ctx, attempt, j.noResult(s))
		return
	}
	if err != nil {
		j.failed(ctx, s, attempt, &event.Failure{Cause: event.CauseExpression, Err: err})
		return
	}
	attempt.Outcome, attempt.Ended, attempt.Reason = event.OutcomeWaited, now, wake.Reason
	var pause *event.Pause
	if asleep {
		pause = j.pausedAfter(s, kept)
	}
	switch {
	case wake.Skip && (!asleep || now.Sub(wake.At) > LateWake):
		j.finish(event.StatusSkipped, wake.Reason)
		j.record(ctx, j.with(attempt))
	case !asleep && wake.At.After(now), asleep && wake.At.After(now.Add(wakeSlack)):
		j.sleep(ctx, attempt, plan.Wait{Since: since, Until: wake.At, Then: kept.Then}, asleep)
	case pause != nil:
		j.setAside(ctx, pause)
	case (asleep || j.changed()) && w.Recheck() && !j.stillApplies(ctx):
	default:
		next := s.Next
		if kept.Then > s.Index {
			next = kept.Then // the actions in between are done
		}
		j.advanceTo(ctx, next, attempt, plan.Wait{Since: since, Until: wake.At}.Encode())
	}
}

// backToWait checks, before each attempt, whether the meeting has changed since
// the last wait of the run. If the wait would now end in the future, the run
// waits again; if the rule no longer applies, it ends. It reports whether the
// run did either.
func (j *job) backToWait(ctx context.Context) bool {
	s, w := j.lastWait()
	if s == nil || j.state == nil {
		return false
	}
	kept, _ := plan.WaitOf(j.run, s.ID)
	now := j.opts.Now()
	attempt := event.Attempt{
		RunID: j.run.ID, Action: s.Index, ActionID: s.ID, Kind: s.Kind, Try: 1, Started: now, Ended: now, Outcome: event.OutcomeWaited,
	}
	wake, err := plan.Wake(w, j.scopeOf(s), now, kept.Since)
	switch {
	case j.notKnown(err):
		return false
	case err != nil:
		j.end(ctx, event.StatusFailed, j.words("the wait could not be recalculated: "+err.Error()))
		return true
	}
	moved := wake.At.Sub(kept.Until).Abs() > wakeSlack
	attempt.Reason = fmt.Sprintf("moved from %s to %s: %s", event.TimeText(kept.Until), event.TimeText(wake.At), wake.Reason)
	switch {
	case j.run.InFlight && j.rule.Actions[j.run.Next].StopOnUnknown:
		return false // record first that it may have been sent
	case moved && wake.At.After(now.Add(wakeSlack)):
		kept.Then, kept.Until = j.run.Next, wake.At
		j.run.Next, j.run.Tries, j.run.InFlight, j.run.Reclaimed = s.Index, 0, false, false
		j.sleep(ctx, attempt, kept, false)
		return true
	case moved && wake.Skip:
		attempt.Reason = wake.Reason
		j.finish(event.StatusSkipped, wake.Reason)
		j.record(ctx, j.with(attempt))
		return true
	}
	return w.Recheck() && !j.stillApplies(ctx)
}

// lastWait returns the last finished wait of the run that follows its meeting;
// nil if there is none, or if the run is in a wait now.
func (j *job) lastWait() (*rules.Step, params.Waiter) {
	if !j.run.Follow || j.run.Next < 0 || j.run.Next >= len(j.rule.Actions) {
		return nil, nil
	}
	if _, waits := j.rule.Actions[j.run.Next].Action.(params.Waiter); waits {
		return nil, nil
	}
	for i := j.run.Next - 1; i >= 0; i-- {
		s := j.rule.Actions[i]
		w, waits := s.Action.(params.Waiter)
		if _, slept := plan.WaitOf(j.run, s.ID); waits && slept {
			if !w.Follow() {
				return nil, nil
			}
			return s, w
		}
	}
	return nil, nil
}

func (j *job) sleep(ctx context.Context, attempt event.Attempt, state plan.Wait, again bool) {
	j.keep(attempt.ActionID, state.Encode())
	if again {
		attempt.Reason = fmt.Sprintf("moved from %s to %s: %s", event.TimeText(j.run.Due), event.TimeText(state.Until), attempt.Reason)
	}
	j.run.Status, j.run.Due = event.StatusWaiting, state.Until
	j.run.Lanes = nil
	j.run.Reason = "waiting until " + event.TimeText(state.Until) + ": " + attempt.Reason
	attempt.NextTry = state.Until
	j.record(ctx, j.with(attempt))
}

// changed reports whether the meeting has a newer event than the run's own.
func (j *job) changed() bool { return j.state != nil && j.state.Newest.Event.ID != j.run.EventID }

// stillApplies evaluates the rule's condition again with the current meeting,
// and ends the run if it is no longer true.
func (j *job) stillApplies(ctx context.Context) bool {
	if j.ignored(ctx, "again after the wait") {
		return false
	}
	if j.rule.When == nil {
		return true
	}
	holds, err := j.rule.When.Eval(j.matchScope())
	switch {
	case err != nil:
		j.end(ctx, event.StatusFailed, j.words("the condition could not be evaluated again after the wait: "+err.Error()))
	case !holds:
		j.end(ctx, event.StatusSkipped, "the condition is no longer true after the wait: "+j.rule.When.Source)
	}
	return err == nil && holds
}

// ignored ends the run if the rules ignore its meeting, as it is now, and
// reports whether it has ended.
func (j *job) ignored(ctx context.Context, again string) bool {
	ignored, err := j.set.Ignores(j.matchScope().Within(ctx))
	switch {
	case ctx.Err() != nil:
		return true // the lease is given back by Stop
	case err != nil:
		j.end(ctx, event.StatusFailed, j.words("the condition could not be evaluated "+again+": "+err.Error()))
	case ignored:
		j.end(ctx, event.StatusSkipped, "the rules ignore it now: "+j.set.Ignore.Source)
	}
	return err != nil || ignored
}
