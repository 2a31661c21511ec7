package engine

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gavel-rules/gavel/engine/plan"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
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
func (e *Engine) verdicts(ctx context.Context, set *rules.Set, ev *event.Event) ([]rules.Verdict, error) {
	if given := e.opts.Rehearsal.Verdicts; given != nil {
		return given(ev), nil
	}
	return e.Match(ctx, set, ev)
}

// Match matches an event with rules, which read what is remembered now. The
// error says that this cannot be read, and may pass.
func (e *Engine) Match(ctx context.Context, set *rules.Set, ev *event.Event) ([]rules.Verdict, error) {
	if set.Memory == nil {
		return e.traces.Match(ctx, set, ev, nil), nil
	}
	var lost error
	verdicts := e.traces.Match(ctx, set, ev, e.recollect(ctx, set, ev, &lost))
	return verdicts, lost
}

// ends returns the absences that an event ends.
func (e *Engine) ends(ctx context.Context, set *rules.Set, ev *event.Event) ([]event.Ending, error) {
	if !set.Awaits() {
		return nil, nil
	}
	var lost error
	recollect := rules.Recollect(nil)
	if set.Memory != nil {
		recollect = e.recollect(ctx, set, ev, &lost)
	}
	out, err := set.Ends(ctx, ev, recollect)
	if err != nil {
		e.log.WarnContext(ctx, "whether the event ends an absence could not be evaluated", "event_id", ev.ID, "error", set.Redact(err.Error()))
	}
	return out, lost
}

// recollect reads what is remembered when it is needed. lost is set if it cannot be
// read, which may pass.
func (e *Engine) recollect(ctx context.Context, set *rules.Set, ev *event.Event, lost *error) rules.Recollect {
	return func() (map[string]any, error) {
		scope := set.Scope(nil, ev, language.ScopeOptions{Now: ev.Received})
		memory, err := e.memoryFor(ctx, set, scope)
		if errors.Is(err, event.ErrUnavailable) {
			*lost = err
		}
		return memory, err
	}
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

// failedResult is the result of an action that has failed, for later actions,
// if the rule reads results.
func (j *job) failedResult(s *rules.Step, cause event.Cause, why string) json.RawMessage {
	if s.NewResult == nil || !j.rule.UsesResults() {
		return j.noResult(s)
	}
	result := s.NewResult()
	if f, ok := result.(fallible); ok {
		f.Fail(cause, why)
	}
	return marshal(result)
}

// fallible is a result that says why there is none.
type fallible interface {
	Fail(cause event.Cause, why string)
}

// remembers reports whether an action changes memory. That of a shadow run does
// not, except in a back-test, which has a memory of its own.
func (j *job) remembers(s *rules.Step) bool {
	return s.Keeps && (!j.run.Shadow || j.opts.Rehearsal.Shadow && !j.rule.Shadow)
}

// notKnown reports whether err means that a shadow run needs an unknown reply.
func (j *job) notKnown(err error) bool {
	if err == nil || !j.run.Shadow {
		return false
	}
	var unknown *language.UnknownError
	return errors.As(err, &unknown)
}

// reused is memory that a rehearsal, which has one goroutine, uses again for
// every event, run and attempt.
type reused struct {
	runs     []event.PlannedRun
	job      *job
	attempts [1]event.Attempt
	made     uint64 // runs so far
}

// plan makes the runs of an event. In a rehearsal their ids are counted, because
// nobody else knows them, and what it returns is valid until the next event.
func (e *Engine) plan(set *rules.Set, ev *event.Event, verdicts []rules.Verdict, now time.Time) ([]event.PlannedRun, error) {
	if !e.opts.Rehearsal.on() {
		return plan.Runs(set, ev, verdicts, now)
	}
	counted := func() string {
		var id uuid.UUID
		e.reused.made++
		binary.BigEndian.PutUint64(id[8:], e.reused.made)
		return id.String()
	}
	runs, err := plan.Maker{ID: counted, Used: e.reused.runs}.Runs(set, ev, verdicts, now)
	e.reused.runs = runs
	return runs, err
}

// job returns memory for a run to carry out.
func (e *Engine) job() *job {
	if !e.opts.Rehearsal.on() {
		return &job{}
	}
	if e.reused.job == nil {
		e.reused.job = &job{}
	}
	return e.reused.job
}

// with returns the progress of the run with one attempt.
func (j *job) with(attempt event.Attempt) event.Progress {
	if !j.opts.Rehearsal.on() {
		return event.Progress{Run: j.run, Attempts: []event.Attempt{attempt}, Remember: j.remembering}
	}
	j.reused.attempts[0] = attempt
	return event.Progress{Run: j.run, Attempts: j.reused.attempts[:], Remember: j.remembering}
}

// rehearse is like send without gates and destinations.
func (j *job) rehearse(ctx context.Context, s *rules.Step, effect params.Effect, attempt event.Attempt) {
	if s.Lives {
		if _, done := j.keepUp(ctx, s, effect, attempt); done {
			return
		}
	}
	reply := func() (any, *event.Failure) { return j.opts.Rehearsal.Send(j.run, s, j.run.Tries+1) }
	play := reply
	if several, ok := effect.(params.Rehearsed); ok {
		play = func() (any, *event.Failure) { return several.Rehearse(reply) }
	}
	result, f := play()
	if f != nil {
		j.failed(ctx, s, attempt, f)
		return
	}
	raw := marshal(result)
	attempt.Outcome, attempt.Response = event.OutcomeSucceeded, j.gate().Clip(raw, maxReply)
	attempt.Reason = j.words(strings.Join(notes(result), "; "))
	if s.Lives {
		attempt.Request = j.lived(s, effect, attempt.Request)
	}
	j.advance(ctx, attempt, raw)
	j.remembering = nil
}
