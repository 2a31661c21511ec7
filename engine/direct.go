package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/gavel-rules/gavel/engine/plan"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/chains"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/text"
)

// direct carries out a step that sends nothing: it decides where the run
// continues, and the history says why. unsure says why its condition is not known
// in a shadow run.
func (j *job) direct(ctx context.Context, s *rules.Step, attempt event.Attempt, unsure string) {
	attempt.Outcome = event.OutcomeSucceeded
	switch s.Flow.Kind {
	case rules.FlowStop:
		j.stop(ctx, s, attempt, unsure)
		return
	case rules.FlowLoop:
		j.loop(ctx, s, attempt)
		return
	case rules.FlowCall:
		j.call(ctx, s, attempt, unsure)
		return
	case rules.FlowLeave:
		j.leave(ctx, s, attempt)
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

// maxStopReason is how many characters of the reason of a stop, or of what a chain
// is given or returns, are kept in the history.
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

// turn puts the run where it really continues after a step: at the next element
// of a for_each, or in the other branch.
func (j *job) turn(s *rules.Step) {
	j.results = nil // what actions see depends on where they are
	j.without(s)
	if j.run.Shadow {
		j.run.Next = plan.BothBranches(j.run, s, j.run.Next)
	}
	loop := s.Loop()
	if loop == nil || j.run.Next != loop.Index {
		return
	}
	state, _ := plan.LoopOf(j.run, loop)
	state, more := state.Again()
	j.keepLoop(loop, state)
	if more {
		j.run.Next++
		return
	}
	j.run.Next = loop.Next
	j.turn(loop)
}

// without notes that chains which a failure inside them has ended return nothing,
// where a missing result would mean that it is not known.
func (j *job) without(s *rules.Step) {
	if !j.hypothetical() || !j.rule.Calls() || s.Flow != nil && s.Flow.Kind == rules.FlowLeave {
		return
	}
	for p := s.Parent; p != nil; p = p.Parent {
		if p.Flow.Kind != rules.FlowCall || j.run.Next < len(j.rule.Actions) && j.rule.Actions[j.run.Next].Inside(p) {
			continue
		}
		id := plan.StepID(j.run, p)
		if _, returned := j.run.Results[id]; !returned {
			j.keep(id, j.noResult(p))
		}
	}
}

// loop begins a for_each: its elements are kept, so that they stay the same
// whatever happens meanwhile.
func (j *job) loop(ctx context.Context, s *rules.Step, attempt event.Attempt) {
	elements, err := s.Flow.Elements(j.scope().Within(ctx))
	switch {
	case err != nil && ctx.Err() != nil:
		return
	case j.notKnown(err):
		attempt.Outcome, attempt.Reason = event.OutcomeSkipped, "its elements depend on a reply: "+s.Flow.List.Source
		j.advance(ctx, attempt, nil)
	case err != nil:
		j.failed(ctx, s, attempt, &event.Failure{Cause: event.CauseExpression, Err: err})
	case len(elements) == 0:
		attempt.Outcome, attempt.Reason = event.OutcomeSkipped, "the list is empty: "+s.Flow.List.Source
		j.advance(ctx, attempt, plan.Loop{}.Encode())
	default:
		attempt.Outcome, attempt.Reason = event.OutcomeSucceeded, fmt.Sprintf("%d elements of %s", len(elements), s.Flow.List.Source)
		if len(elements) == 1 {
			attempt.Reason = "1 element of " + s.Flow.List.Source
		}
		j.keepLoop(s, plan.Loop{List: elements, Of: len(elements)})
		j.advanceTo(ctx, s.Index+1, attempt, nil)
	}
}

// keepLoop stores the state of a for_each. People do not see its elements: they
// are parts of the event, of which some fields may be private.
func (j *job) keepLoop(s *rules.Step, state plan.Loop) {
	j.keep(s.ID, state.Encode())
	if state.List != nil {
		j.run.Results[event.ShownResult(s.ID)] = plan.Loop{At: state.At, Of: state.Of}.Encode()
	}
}

// place adds to the inputs of a scope what the next action sees where it is. For
// people, the elements of a for_each and the inputs of a chain are made again of
// what they may see of the event.
func (j *job) place(o *language.ScopeOptions) {
	plan.PlaceWords(o, j.rule, j.run)
	if !j.redacted {
		return
	}
	if loop := plan.LoopAt(j.rule, j.run); loop != nil {
		o.Words = j.elementForPeople(loop)
	}
	if call := plan.CallAt(j.rule, j.run); call != nil {
		given, _ := call.Flow.Chain.Give(call.Flow.With, j.scopeOf(call)) // what cannot be evaluated is absent
		o.Inputs = call.Flow.Chain.Words(given)
	}
}

func (j *job) elementForPeople(loop *rules.Step) map[string]any {
	state, _ := plan.LoopOf(j.run, loop)
	elements, err := loop.Flow.Elements(j.scopeOf(loop))
	if err != nil || state.At >= len(elements) {
		return loop.Flow.EachWords(nil, state.At)
	}
	return loop.Flow.EachWords(elements[state.At], state.At)
}

// call begins a chain: what it is given is kept, so that it stays the same
// whatever happens meanwhile.
func (j *job) call(ctx context.Context, s *rules.Step, attempt event.Attempt, unsure string) {
	chain := s.Flow.Chain
	given, err := chain.Give(s.Flow.With, j.scope().Within(ctx))
	switch {
	case err != nil && ctx.Err() != nil:
		return
	case err != nil:
		j.failed(ctx, s, attempt, &event.Failure{Cause: event.CauseExpression, Err: err})
		return
	}
	given.Unsure = unsure
	attempt.Outcome = event.OutcomeSucceeded
	shown := j.forPeople(marshal(given.Inputs), func(j *job) (json.RawMessage, error) {
		given, err := chain.Give(s.Flow.With, j.scope())
		return marshal(given.Inputs), err
	})
	attempt.Reason = text.Clip("chain "+chain.Name+" with "+string(shown), maxStopReason)
	if unsure != "" {
		attempt.Outcome, attempt.Reason = event.OutcomeSkipped, unsure
	}
	id := plan.GivenID(j.run, s)
	j.keep(id, given.Encode())
	j.run.Results[event.ShownResult(id)] = chains.Given{Unsure: given.Unsure}.Encode()
	j.advanceTo(ctx, s.Index+1, attempt, nil)
}

// forPeople is a value as people may see it. With private fields it is made again
// for the event without their values.
func (j *job) forPeople(own json.RawMessage, again func(j *job) (json.RawMessage, error)) json.RawMessage {
	if len(j.opts.Private) > 0 {
		hidden, err := j.withoutPrivate()
		if err == nil {
			own, err = again(hidden)
		}
		if err != nil {
			return json.RawMessage("{}")
		}
	}
	return j.gate().Clip(own, maxReply)
}

// leave ends a chain that returns something.
func (j *job) leave(ctx context.Context, s *rules.Step, attempt event.Attempt) {
	raw, unknown, err := chains.Return(s.Flow.Outputs, j.scope().Within(ctx))
	doubt := j.unsure(s)
	switch {
	case err != nil && ctx.Err() != nil:
		return
	case unknown != nil || j.notKnown(err):
		attempt.Outcome, attempt.Reason = event.OutcomeSkipped, "what the chain returns depends on a reply"
	case err != nil:
		j.failed(ctx, s, attempt, &event.Failure{Cause: event.CauseExpression, Err: err})
		return
	case doubt != "":
		attempt.Outcome, attempt.Reason = event.OutcomeSkipped, doubt
	default:
		call := plan.CallAt(j.rule, j.run)
		attempt.Outcome = event.OutcomeSucceeded
		shown := j.forPeople(raw, func(j *job) (json.RawMessage, error) {
			again, _, err := chains.Return(s.Flow.Outputs, j.scope())
			return again, err
		})
		attempt.Reason = text.Clip("returned "+string(shown), maxStopReason)
		if err := cmp.Or(checkResult(raw), j.roomFor(s, raw)); err != nil {
			j.sendFailed(ctx, s, attempt, err)
			return
		}
		id := plan.StepID(j.run, call)
		if j.keep(id, raw); len(j.opts.Private) > 0 {
			j.run.Results[event.ShownResult(id)] = shown
		}
	}
	j.advance(ctx, attempt, nil)
}

// maxLoopResults limits the replies kept of one for_each, in bytes.
const maxLoopResults = 1 << 20

// roomFor returns an error if there is no room for the reply of one more element.
func (j *job) roomFor(s *rules.Step, raw json.RawMessage) error {
	loop := s.Loop()
	if loop == nil {
		return nil
	}
	size := len(raw)
	for key, kept := range j.run.Results {
		if event.ActionOf(key) != key {
			size += len(kept)
		}
	}
	if size <= maxLoopResults {
		return nil
	}
	f := event.Failf(event.CauseServer, false, "the replies of the for_each are larger than %d MiB together, so this one cannot be stored; the request has arrived", maxLoopResults>>20)
	f.Arrival = event.Answered
	return f
}
