package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// wakeSlack is how far a freshly worked-out moment may lie ahead of the one
// that woke the run without sending it back to sleep.
const wakeSlack = time.Second

// lateWake is how late a run may wake, after a time in which nothing ran,
// before its moment counts as passed (if_past).
const lateWake = 5 * time.Minute

// wait puts the run to sleep, or, when it has slept, decides whether its time
// has really come.
func (j *job) wait(ctx context.Context, s *rules.Step, w rules.Waiter, attempt event.Attempt) {
	if w.Follow() && j.run.MeetingID != "" {
		// From here on the run belongs to its meeting, which may have changed
		// since the run's event.
		j.run.Follow = true
		if err := j.look(ctx); err != nil {
			j.notBegun(ctx, j.run, err)
			return
		}
		if j.dropIfObsolete(ctx) {
			return
		}
	}
	now := j.opts.Now()
	since, asleep := waitingSince(j.run, s.ID, now)
	wake, err := w.Wait(j.scope(), now, since)
	if j.notKnown(err) {
		attempt.Outcome, attempt.Reason = event.OutcomeSkipped, "the moment depends on a reply, so the run goes on at once"
		j.advance(ctx, attempt, j.noResult(s))
		return
	}
	if err != nil {
		j.failed(ctx, s, attempt, &event.Failure{Cause: event.CauseExpression, Err: err})
		return
	}
	attempt.Outcome, attempt.Ended, attempt.Reason = event.OutcomeWaited, now, wake.Reason
	switch {
	case wake.Skip && (!asleep || now.Sub(wake.At) > lateWake):
		j.finish(event.StatusSkipped, wake.Reason)
		j.record(ctx, event.Progress{Run: j.run, Attempts: []event.Attempt{attempt}})
	case !asleep && wake.At.After(now), asleep && wake.At.After(now.Add(wakeSlack)):
		j.sleep(ctx, w, attempt, waitState{Since: since, Until: wake.At}, asleep)
	case (asleep || j.changed()) && w.Recheck() && !j.stillApplies(ctx):
	default:
		raw, _ := json.Marshal(waitState{Since: since, Until: wake.At})
		j.advance(ctx, attempt, raw)
	}
}

func (j *job) sleep(ctx context.Context, w rules.Waiter, attempt event.Attempt, state waitState, again bool) {
	raw, _ := json.Marshal(state)
	if j.run.Results == nil {
		j.run.Results = map[string]json.RawMessage{}
	}
	j.run.Results[attempt.ActionID] = raw
	if again {
		attempt.Reason = fmt.Sprintf("moved from %s to %s: %s", stamp(j.run.Due), stamp(state.Until), attempt.Reason)
	}
	j.run.Status, j.run.Due = event.StatusWaiting, state.Until
	j.run.Lanes = nil
	j.run.Reason = fmt.Sprintf("waiting until %s: %s", stamp(state.Until), attempt.Reason)
	attempt.NextTry = state.Until
	j.record(ctx, event.Progress{Run: j.run, Attempts: []event.Attempt{attempt}})
}

// changed reports whether the meeting has a newer event than the run's own.
func (j *job) changed() bool { return j.state != nil && j.state.Newest.Event.ID != j.run.EventID }

// stillApplies looks at the rule's condition again, against the meeting as it
// is now, and ends the run if it no longer holds.
func (j *job) stillApplies(ctx context.Context) bool {
	if j.rule.When == nil {
		return true
	}
	holds, err := j.rule.When.Eval(j.scope())
	switch {
	case err != nil:
		j.end(ctx, event.StatusFailed, j.words("the condition could not be evaluated again after the wait: "+err.Error()))
	case !holds:
		j.end(ctx, event.StatusSkipped, "after the wait the condition no longer holds: "+j.rule.When.Source)
	}
	return err == nil && holds
}

// waitingSince returns when the run reached the wait with the given id, and
// whether it has slept there; now if it has just reached it.
func waitingSince(run *event.Run, id string, now time.Time) (since time.Time, asleep bool) {
	var state waitState
	if raw, ok := run.Results[id]; ok && json.Unmarshal(raw, &state) == nil && !state.Until.IsZero() {
		return state.Since, true
	}
	return now, false
}

// waitState is what is kept of a wait while the run sleeps, and what later
// actions see as its result.
type waitState struct {
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
}
