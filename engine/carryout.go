package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/engine/gate"
	"github.com/gavel-rules/gavel/engine/heavy"
	"github.com/gavel-rules/gavel/engine/plan"
	"github.com/gavel-rules/gavel/engine/spans"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
)

// work takes tasks until the queue closes.
func (e *Engine) work(ctx, claiming context.Context) {
	e.pauses.Await(claiming)
	for {
		t, ok := e.queue.take()
		if !ok {
			return
		}
		e.signs.Move(e.opts.Now(), 1)
		if parked := e.carryOut(ctx, t); !parked {
			e.queue.free(1)
		}
		e.signs.Move(e.opts.Now(), -1)
	}
}

// heavyHold is how long a run goes back to the store when many large events wait
// in memory already.
const heavyHold = 5 * time.Second

// carryOut runs the actions of a run until it ends, waits, is held by its
// connection or is interrupted. It reports whether the task was parked at a
// connection, or among large events, and keeps its place.
func (e *Engine) carryOut(ctx context.Context, t task) (parked bool) {
	if t.admitted != nil {
		defer t.admitted.Return() // in case the run ends before it sends
	}
	if t.pass != nil {
		defer t.pass.Leave()
	}
	if e.refusals.Has(t.run.ID) {
		e.recordRefused(ctx) // the run must not continue before this is stored
		return false
	}
	ctx, span := e.traces.BeginRun(ctx, t.run, e.opts.Now())
	defer e.survive(ctx, t.run)
	pass, err := e.heavy.Enter(ctx, t.pass, t.ev == nil)
	defer pass.Leave()
	if err != nil {
		return false // the lease is given back by Stop
	}
	j, err := e.newJob(ctx, t)
	if err != nil {
		e.notBegun(ctx, t.run, err)
		return false
	}
	e.stuck.Leave(t.run.ID)
	j.span = span
	defer func() {
		j.span.End(e.opts.Now(), j.run)
		j.set.Return(j.used)
	}()
	switch pass.Weigh(j.ev, func(p *heavy.Pass) { e.queue.put(task{run: t.run, pass: p}) }) {
	case heavy.Parked:
		return true
	case heavy.Full:
		j.hold(ctx, gate.Entry{Hold: heavyHold, Reason: "held: many large events are worked on"})
		return false
	}
	if j.dropIfObsolete(ctx) || j.unwatched(ctx) || j.backToWait(ctx) {
		return false
	}
	for t.run.Status == event.StatusRunning {
		if ctx.Err() != nil {
			return false // the lease is given back by Stop
		}
		if parked := j.step(ctx); parked {
			return true
		}
	}
	return false
}

// job is a run being carried out.
type job struct {
	*Engine
	task
	set  *rules.Set
	rule *rules.Rule
	// newest is the newest state of the meeting if the run follows it.
	newest *event.Meeting
	state  *event.MeetingState
	window *event.Gathering // nil unless the rule uses it
	report                  // empty unless the rule has a schedule
	history
	shownBy
	remembering []event.Remember // by the attempt that is recorded next
	endedBy     string           // why the run ends with the action, if that is the last
	used        *language.Scope  // of the last expression
	// redacted says that it is for people: its event has no private values.
	redacted bool
	results  map[string]any // of finished actions; nil if they must be read again
	span     spans.Run
}

func (e *Engine) newJob(ctx context.Context, t task) (*job, error) {
	if d := t.run.Damage; d != nil {
		return nil, errDamaged{d.Reason}
	}
	set, err := e.revisions.Set(ctx, t.run.Revision)
	if err != nil {
		return nil, err
	}
	rule := set.Rule(t.run.Rule)
	if rule == nil {
		return nil, fmt.Errorf("rule %q is not in revision %s", t.run.Rule, t.run.Revision)
	}
	if t.ev == nil {
		record, err := e.store.Event(ctx, t.run.EventRef())
		if err != nil {
			return nil, fmt.Errorf("event %q of this run: %w", t.run.EventID, err)
		}
		if !e.opts.Rehearsal.on() {
			if err := errors.Join(readableEvent(record), readable(rule, t.run)); err != nil {
				return nil, err
			}
		}
		t.ev = record.Event
	}
	j := e.job()
	*j = job{Engine: e, task: t, set: set, rule: rule}
	if err := j.gather(ctx); err != nil {
		return nil, err
	}
	if err := j.recall(ctx); err != nil {
		return nil, err
	}
	if t.run.Follow && t.run.MeetingID != "" {
		if err := j.look(ctx); err != nil {
			return nil, err
		}
	}
	return j, j.recollect(ctx)
}

// matches evaluates the rule's condition again for a run that failed because
// that was not possible when its event came. It reports whether to continue.
func (j *job) matches(ctx context.Context) bool {
	if j.ignored(ctx, "again") {
		return false
	}
	holds, err := true, error(nil)
	if j.rule.When != nil {
		holds, err = j.rule.When.Eval(j.matchScope().Within(ctx))
	}
	if ctx.Err() != nil {
		return false
	}
	switch {
	case err != nil:
		j.end(ctx, event.StatusFailed, j.words(plan.ConditionFailed(err)))
	case !holds:
		j.end(ctx, event.StatusSkipped, "the condition is false: "+j.rule.When.Source)
	default:
		j.run.Next = 0
		return true
	}
	return false
}

// step makes one attempt of the run's next action and records the result.
func (j *job) step(ctx context.Context) (parked bool) {
	if j.run.Next == event.NextCondition && !j.matches(ctx) {
		return false
	}
	if j.run.Next >= len(j.rule.Actions) {
		j.end(ctx, event.StatusSucceeded, "")
		return false
	}
	s := j.rule.Actions[j.run.Next]
	attempt := event.Attempt{
		RunID: j.run.ID, Action: s.Index, ActionID: plan.StepID(j.run, s), Kind: s.Kind, Connection: s.Connection,
		Try: j.run.Tries + 1, Started: j.opts.Now(),
	}
	unsure := ""
	if s.When != nil {
		holds, err := s.When.Eval(j.scope().Within(ctx))
		switch {
		case err != nil && ctx.Err() != nil:
			return false // the lease is given back by Stop
		case j.notKnown(err):
			unsure = "whether it would be sent depends on a reply: " + s.When.Source
		case err != nil:
			j.failed(ctx, s, attempt, &event.Failure{Cause: event.CauseExpression, Text: "condition of the action: " + err.Error(), Err: err})
			return false
		case !holds:
			attempt.Outcome, attempt.Reason = event.OutcomeSkipped, "the action's condition is false: "+s.When.Source
			if j.run.InFlight {
				attempt.Reason += "; an earlier try was interrupted and may have reached its destination"
			}
			j.advanceTo(ctx, s.Else, attempt, j.noResult(s))
			return false
		}
	}
	if s.Flow != nil {
		j.direct(ctx, s, attempt, unsure)
		return false
	}
	if wait, ok := s.Action.(params.Waiter); ok {
		j.wait(ctx, s, wait, attempt)
		return false
	}
	if s.Keeps {
		j.run.Reclaimed = false // what it did is stored with its attempt, or not at all
	}
	if j.run.Reclaimed || j.run.InFlight {
		if !j.resumeUnknown(ctx, s, attempt) {
			return false
		}
		attempt.Try, attempt.Started = j.run.Tries+1, j.opts.Now() // recording may have taken a while
	}
	if p := j.pausedAt(s); p != nil {
		j.setAside(ctx, p)
		return false
	}
	if j.remembers(s) && unsure == "" {
		return j.remember(ctx, s, attempt)
	}
	if j.run.Shadow {
		j.shadow(ctx, s, attempt, cmp.Or(unsure, j.unsure(s)))
		return false
	}
	return j.send(ctx, s, attempt)
}

// resumeUnknown handles an action that may have been sent by a process that
// ended before recording it. It reports whether to send it (again).
func (j *job) resumeUnknown(ctx context.Context, s *rules.Step, attempt event.Attempt) bool {
	if j.marks(s) && !j.run.InFlight {
		j.run.Reclaimed = false
		return true
	}
	attempt.Outcome, attempt.Ended = event.OutcomeUnknown, attempt.Started
	attempt.Reason = "interrupted between sending and recording; it may or may not have reached its destination"
	j.run.Reclaimed, j.run.InFlight = false, false
	j.run.Tries++
	switch {
	case s.StopOnUnknown:
		j.finish(event.StatusFailed, fmt.Sprintf("%s (action %s; on_unknown is stop)", attempt.Reason, attempt.ActionID))
	case j.run.Tries >= s.Retry.Max:
		j.finish(event.StatusFailed, fmt.Sprintf("%s (action %s; not sent again, that was try %d of %d)",
			attempt.Reason, attempt.ActionID, j.run.Tries, s.Retry.Max))
	}
	return j.record(ctx, j.with(attempt)) && j.run.Status == event.StatusRunning
}

// marks reports whether an attempt is recorded before it is sent: if it must not
// be sent twice, if it is the last, and if the meeting may be canceled meanwhile.
// Without that record it was certainly not sent.
func (j *job) marks(s *rules.Step) bool {
	return s.StopOnUnknown || s.Lives || j.run.Follow || j.lastTry(s)
}

func (j *job) lastTry(s *rules.Step) bool { return j.run.Tries+1 >= s.Retry.Max }

// advance records a finished action and continues to the next, or ends the run.
func (j *job) advance(ctx context.Context, attempt event.Attempt, result json.RawMessage) {
	j.advanceTo(ctx, j.rule.Actions[attempt.Action].Next, attempt, result)
}

// advanceTo is advance for a run that continues elsewhere.
func (j *job) advanceTo(ctx context.Context, next int, attempt event.Attempt, result json.RawMessage) {
	if attempt.Ended.IsZero() {
		attempt.Ended = j.opts.Now()
	}
	if result != nil {
		j.keep(attempt.ActionID, result)
	}
	if j.run.Next = next; j.rule.Branches() {
		j.turn(j.rule.Actions[attempt.Action])
	}
	j.run.Tries, j.run.InFlight, j.run.Reason = 0, false, ""
	if j.run.Next >= len(j.rule.Actions) {
		j.finish(event.StatusSucceeded, j.endedBy)
	}
	j.record(ctx, j.with(attempt))
}

// failed records a failure and decides: retry later, next action, or end.
func (j *job) failed(ctx context.Context, s *rules.Step, attempt event.Attempt, f *event.Failure) {
	now := j.opts.Now()
	attempt.Ended, attempt.Outcome, attempt.Cause = now, plan.OutcomeOf(f), f.Cause
	attempt.Reason = j.words(f.Error()) + plan.Arrived(f)
	j.run.Tries++
	j.run.InFlight = false
	switch {
	case attempt.Outcome == event.OutcomeUnknown && s.StopOnUnknown:
		j.finish(event.StatusFailed, fmt.Sprintf("%s (action %s; on_unknown is stop)", attempt.Reason, attempt.ActionID))
	case f.Retry && j.run.Tries < s.Retry.Max:
		pause := max(plan.RetryPause(s.Retry, j.run.Tries), f.RetryAfter)
		j.run.Status, j.run.Due = event.StatusPending, now.Add(pause)
		j.run.Reason = fmt.Sprintf("%s; try %d of %d at %s", attempt.Reason, j.run.Tries+1, s.Retry.Max, event.TimeText(j.run.Due))
		attempt.NextTry = j.run.Due
	case s.ContinueOnError:
		j.advance(ctx, attempt, j.failedResult(s, f.Cause, attempt.Reason))
		return
	case s.Rescue() != nil:
		j.advanceTo(ctx, s.Rescue().Next, attempt, j.failedResult(s, f.Cause, attempt.Reason))
		return
	case f.Retry && s.Retry.Max > 1:
		j.finish(event.StatusFailed, fmt.Sprintf("%s (action %s, %d tries)", attempt.Reason, attempt.ActionID, j.run.Tries))
	default:
		j.finish(event.StatusFailed, fmt.Sprintf("%s (action %s)", attempt.Reason, attempt.ActionID))
	}
	j.record(ctx, j.with(attempt))
}
