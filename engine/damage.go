package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/params"
)

// maxResultDepth is how deep a reply may be nested. JSON decoders refuse deeper
// documents, so such a reply would make its run unreadable.
const maxResultDepth = 64

// errDamaged says that data of a run in the store is permanently unreadable. The
// run fails, so that it does not block others.
type errDamaged struct{ reason string }

func (e errDamaged) Error() string { return e.reason }

// readable checks that the stored results of a run can be read.
func readable(rule *rules.Rule, run *event.Run) error {
	steps := make(map[string]*rules.Step, len(rule.Actions))
	for _, s := range rule.Actions {
		steps[s.ID] = s
	}
	for id, raw := range run.Results {
		s := steps[event.ActionOf(id)]
		if s == nil || s.NewResult == nil || s.Flow != nil {
			continue
		}
		if json.Unmarshal(raw, s.NewResult()) != nil {
			return errDamaged{fmt.Sprintf("the stored result of action %s is damaged and cannot be read", id)}
		}
	}
	return nil
}

// readableEvent returns an error for an event of which only the envelope is
// known, because its run would send wrong data.
func readableEvent(r *event.Record) error {
	if r.Damage == "" {
		return nil
	}
	return errDamaged{fmt.Sprintf("event %q: %s", r.Event.ID, r.Damage)}
}

// notBegun ends a run that cannot begin, or postpones it if the cause may pass.
func (e *Engine) notBegun(ctx context.Context, run *event.Run, err error) {
	var damaged errDamaged
	if !errors.As(err, &damaged) {
		e.postpone(ctx, run, err)
		return
	}
	e.failWhole(ctx, run, damaged.reason+"; to send what it would have sent, replay its event")
}

// failWhole ends a run outside of its actions.
func (e *Engine) failWhole(ctx context.Context, run *event.Run, reason string) {
	now := e.opts.Now()
	run.Status, run.Reason, run.Finished = event.StatusFailed, reason, now
	e.record(ctx, event.Progress{Run: run, Attempts: []event.Attempt{{
		RunID: run.ID, Action: -1, Started: now, Ended: now, Outcome: event.OutcomeChanged, Reason: reason,
	}}})
}

// survive, deferred, makes a panic in one run fail that run. Otherwise it would
// end the process, again after every start.
func (e *Engine) survive(ctx context.Context, run *event.Run) {
	if p := recover(); p != nil {
		e.log.ErrorContext(ctx, "internal error in a run", "run_id", run.ID, "rule", run.Rule, "fault", fmt.Sprint(p), "stack", string(debug.Stack()))
		e.failWhole(ctx, run, "internal error in Gavel; see the log")
	}
}

// call sends the effect. A panic in the action's code becomes an error.
func call(ctx context.Context, effect params.Effect, d params.Delivery) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &event.Failure{
				Cause: event.CauseRefused, Text: "internal error in this action; it may or may not have been sent",
				Err: fmt.Errorf("panic: %v\n%s", p, debug.Stack()),
			}
		}
	}()
	return effect.Do(ctx, d)
}

// checkResult returns an error for a reply that could not be read again from the
// store.
func checkResult(raw json.RawMessage) error {
	if decode.Depth(raw) <= maxResultDepth {
		return nil
	}
	f := event.Failf(event.CauseServer, false, "the reply is nested deeper than %d levels, so it cannot be stored; the request has arrived", maxResultDepth)
	f.Arrival = event.Answered
	return f
}
