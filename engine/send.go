package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/gavel-rules/gavel/engine/gate"
	"github.com/gavel-rules/gavel/engine/heavy"
	"github.com/gavel-rules/gavel/engine/plan"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
)

const (
	maxPreview = 16 << 10 // bytes of a request kept in the history
	maxReply   = 8 << 10  // bytes of a reply kept in the history
)

// send prepares an action, passes its connection's gate and sends it.
func (j *job) send(ctx context.Context, s *rules.Step, attempt event.Attempt) (parked bool) {
	effect, err := prepare(ctx, s, j.scope())
	if err != nil && ctx.Err() != nil {
		return false // the lease is given back by Stop
	}
	if err != nil {
		j.failed(ctx, s, attempt, unprepared(err))
		return false
	}
	shown := j.shown(s, effect)
	attempt.Request = j.preview(shown)
	if s.Local {
		// People see the output of a local action.
		if effect, _ = shown.(params.Effect); effect == nil {
			j.failed(ctx, s, attempt, event.Failf(event.CauseRefused, false, "the line cannot be written without private event fields"))
			return false
		}
	}
	if j.opts.Rehearsal.Send != nil {
		j.rehearse(ctx, s, effect, attempt)
		return false
	}
	var message *kept
	if s.Lives {
		var done bool
		if message, done = j.keepUp(ctx, s, effect, attempt); done {
			return false
		}
	}
	destination := j.gates.To(j.set.Connections[s.Connection], effect)
	entry := j.enter(destination, s)
	switch {
	case entry.Parked:
		return true
	case entry.Hold > 0:
		j.hold(ctx, entry)
		return false
	}
	seen := &params.Exchange{}
	result, err := j.do(ctx, s, effect, &attempt, params.Delivery{Exchange: seen, Again: entry.Admission.Again}, message)
	leave(destination, entry.Admission, err)
	j.lasts(message, err)
	defer func() { j.remembering = nil }()
	raw := marshal(result)
	attempt.Response = j.reply(seen, raw)
	switch {
	case errors.Is(err, errLost):
		return false
	case errors.Is(err, errBusy):
		j.comeBack(ctx, 0)
		return false
	case err != nil:
		j.sendFailed(ctx, s, attempt, err)
		return false
	}
	if err := cmp.Or(checkResult(raw), j.roomFor(s, raw)); err != nil {
		j.sendFailed(ctx, s, attempt, err)
		return false
	}
	attempt.Outcome = event.OutcomeSucceeded
	attempt.Reason = j.words(strings.Join(append(notes(effect), notes(result)...), "; "))
	j.advance(ctx, attempt, raw)
	return false
}

// enter asks the gate of a destination, unless it has already admitted the run.
func (j *job) enter(destination *gate.Gate, s *rules.Step) gate.Entry {
	if j.byHand.Take(j.run.ID) {
		destination.Lift()
	}
	if admitted := j.admitted; admitted != nil {
		j.admitted = nil
		return gate.Entry{Admission: admitted}
	}
	parked := j.task
	parked.ev, parked.pass = heavy.Light(parked.ev), nil
	return destination.Enter(j.rule.Name+"/"+s.ID, func(a *gate.Admission) {
		parked.admitted = a
		j.queue.put(parked)
	})
}

// leave tells the gate the result of a call.
func leave(destination *gate.Gate, a *gate.Admission, err error) {
	if errors.Is(err, errLost) || errors.Is(err, errStopped) || errors.Is(err, errBusy) {
		a.Return()
		return
	}
	var f *event.Failure
	if errors.As(err, &f) && f.Cause == event.CauseRateLimited {
		destination.Pause(f.RetryAfter) // before another call is admitted
	}
	a.Leave(err)
}

func notes(v any) []string {
	if n, ok := v.(params.Noted); ok {
		return n.Notes()
	}
	return nil
}

// errLost says that the run was lost or set aside before anything was sent.
var errLost = errors.New("the run is no longer held by this process")

// do makes one attempt within the action's timeout.
func (j *job) do(ctx context.Context, s *rules.Step, effect params.Effect, attempt *event.Attempt, d params.Delivery, message *kept) (any, error) {
	if err := j.mark(ctx, s, message); err != nil {
		return nil, err
	}
	ctx = j.span.BeginAttempt(ctx, attempt)
	j.signs.Try(j.opts.Now(), s.Timeout)
	limited, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	d.RunID, d.EventID, d.Rule, d.ActionID = j.run.ID, j.run.EventID, j.run.Rule, attempt.ActionID
	d.Key, d.Try, d.Last, d.Shown = j.idempotencyKey(s), j.run.Tries+1, j.lastTry(s), j.words
	if message != nil {
		d.Life = message.life
	}
	result, err := call(limited, effect, d)
	var gone *params.Gone
	if message != nil && errors.As(err, &gone) {
		if err := j.take(ctx, message, gone.Why); err != nil {
			return nil, err
		}
		result, err = call(limited, effect, d)
	}
	if err == nil {
		return result, nil
	}
	ctx = limited
	f := asFailure(ctx, s, err)
	if errors.Is(context.Cause(ctx), errStopped) {
		if f.Arrival == event.ArrivalNotSent {
			j.run.InFlight = false
		}
		return nil, errStopped
	}
	return nil, f
}

// mark records first that an action may have been sent, where that matters. The
// store rejects it if the meeting was canceled meanwhile.
func (j *job) mark(ctx context.Context, s *rules.Step, message *kept) error {
	switch {
	case message != nil:
		if err := j.take(ctx, message, ""); err != nil {
			return err
		}
	case !j.marks(s):
		return nil
	default:
		j.run.InFlight = true
		if !j.record(ctx, event.Progress{Run: j.run}) {
			return errLost
		}
	}
	if p := j.pausedAt(s); p != nil { // since it was looked at before
		j.run.InFlight = false
		if message != nil {
			j.remembering = []event.Remember{message.slot.Change(message.claim.Release(message.claim.From, message.claim.To))}
		}
		j.setAside(ctx, p)
		j.remembering = nil
		return errLost
	}
	return nil
}

func (j *job) sendFailed(ctx context.Context, s *rules.Step, attempt event.Attempt, err error) {
	var f *event.Failure
	if !errors.As(err, &f) {
		j.interrupted(ctx, s, attempt)
		return
	}
	j.failed(ctx, s, attempt, f)
}

// interrupted gives the run back unchanged. It stays marked as possibly sent
// only if the action must not be sent twice or this was its last attempt.
func (j *job) interrupted(ctx context.Context, s *rules.Step, attempt event.Attempt) {
	now := j.opts.Now()
	j.run.InFlight = j.run.InFlight && (s.StopOnUnknown || j.lastTry(s))
	attempt.Ended, attempt.Outcome = now, event.OutcomeInterrupted
	attempt.Reason = "interrupted by shutdown; it is sent again with the same key"
	if j.run.InFlight {
		attempt.Reason = "interrupted by shutdown; it may or may not have reached its destination"
	}
	j.run.Status, j.run.Due, j.run.Reason = event.StatusPending, now, attempt.Reason
	j.record(ctx, j.with(attempt))
}

// hold gives the run back until its connection is expected to admit it. It is
// not an attempt and not in the history; only the reason is stored.
func (j *job) hold(ctx context.Context, e gate.Entry) {
	j.run.Status, j.run.Due = event.StatusPending, j.opts.Now().Add(e.Hold)
	j.run.Reason = e.Reason
	j.record(ctx, event.Progress{Run: j.run})
}

// shadow records what an action would have sent. unsure says why that is not
// certain, or is empty.
func (j *job) shadow(ctx context.Context, s *rules.Step, attempt event.Attempt, unsure string) {
	effect, err := s.Action.Prepare(j.scope())
	if j.notKnown(err) {
		attempt.Rehearsed = event.MightSend
		attempt.Outcome, attempt.Reason = event.OutcomeSkipped, "shadow: what would be sent depends on a reply"
		j.advance(ctx, attempt, nil)
		return
	}
	if err != nil {
		j.failed(ctx, s, attempt, unprepared(err))
		return
	}
	attempt.Rehearsed, attempt.Reason = event.WouldSend, "shadow: recorded, not sent"
	if unsure != "" {
		attempt.Rehearsed = event.MightSend
		attempt.Reason += "; " + unsure
	}
	attempt.Request = j.preview(j.shown(s, effect))
	attempt.Outcome = event.OutcomeSkipped
	j.advance(ctx, attempt, nil)
}

func marshal(v any) json.RawMessage {
	if v == nil {
		return nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		raw, _ = json.Marshal(fmt.Sprintf("not shown: %v", err))
	}
	return raw
}

// keySpace is the UUID namespace of Gavel's idempotency keys.
var keySpace = uuid.MustParse("5f6a1f0e-4c0b-4a52-9f0a-1d6c1f5e7a31")

// idempotencyKey is the same for every attempt of one action of one run, or of
// one element of its for_each.
func (j *job) idempotencyKey(s *rules.Step) string {
	name := fmt.Appendf(nil, "%s/%d", j.run.ID, s.Index)
	if loop := s.Loop(); loop != nil {
		state, _ := plan.LoopOf(j.run, loop)
		name = fmt.Appendf(name, "/%d", state.At)
	}
	return uuid.NewSHA1(keySpace, name).String()
}

// prepare fills in the parameters of an action, within its timeout.
func prepare(ctx context.Context, s *rules.Step, scope *language.Scope) (params.Effect, error) {
	limited, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	defer scope.Within(ctx)
	return s.Action.Prepare(scope.Within(limited))
}

// unprepared turns an error of Prepare into a failure. A timeout is retried,
// because a busy machine is not the rule's mistake. An action may give its own
// cause; anything else is an expression that could not be evaluated.
func unprepared(err error) *event.Failure {
	var stopped *language.StoppedError
	if errors.As(err, &stopped) {
		return &event.Failure{Cause: event.CauseTimeout, Retry: true, Text: err.Error(), Err: err}
	}
	failure := event.Failure{Cause: event.CauseExpression, Text: err.Error(), Err: err}
	var f *event.Failure
	if errors.As(err, &f) {
		failure.Cause, failure.Retry, failure.RetryAfter = f.Cause, f.Retry, f.RetryAfter
	}
	return &failure
}

// asFailure turns an error of an attempt into a failure. If the action does not
// say whether the request arrived, that is unknown.
func asFailure(ctx context.Context, s *rules.Step, err error) *event.Failure {
	var f *event.Failure
	switch {
	case errors.As(err, &f):
		return f
	case s.Local:
		return &event.Failure{Cause: event.CauseRefused, Retry: true, Arrival: event.ArrivalNotSent, Err: err}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &event.Failure{Cause: event.CauseTimeout, Retry: true, Arrival: event.ArrivalUnknown, Text: "timed out", Err: err}
	}
	return &event.Failure{Cause: event.CauseNetwork, Retry: true, Arrival: event.ArrivalUnknown, Err: err}
}
