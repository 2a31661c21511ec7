package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/gavel-rules/gavel/engine/past"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
)

// history is the meeting before the event of a run.
type history struct {
	previous    *event.Meeting // nil if no earlier event is known
	reschedules int
	memory      map[string]any // nil unless the rule uses it
}

// recall looks up the meeting before the event, if an action uses it.
func (j *job) recall(ctx context.Context) error {
	if !j.rule.Recalls() || j.run.MeetingID == "" {
		return nil
	}
	id := j.run.MeetingRef()
	before, err := j.store.PreviousEvent(ctx, id, j.ev.Timestamp)
	switch {
	case err == nil:
		j.history.previous = before.Event.Meeting
		if err := readableEvent(before); err != nil {
			return err
		}
	case !errors.Is(err, event.ErrNotFound):
		return fmt.Errorf("meeting %q before this event: %w", id, err)
	}
	state, err := j.store.Meeting(ctx, id)
	switch {
	case err == nil:
		j.history.reschedules = state.Reschedules
	case !errors.Is(err, event.ErrNotFound):
		return fmt.Errorf("meeting %q of this run: %w", id, err)
	}
	return nil
}

// gather reads the events that a threshold or digest collected, if an action
// uses them.
func (j *job) gather(ctx context.Context) error {
	if !j.rule.Gathers() {
		return nil
	}
	if j.rule.Collect != nil {
		return j.collect(ctx)
	}
	window, err := j.store.Gathered(ctx, j.run.ID)
	if err != nil {
		return fmt.Errorf("events of this run: %w", err)
	}
	j.window = window
	return nil
}

// report is what the run of a schedule reports on.
type report struct{ all, disguised *rules.Collection }

func (r report) window(redacted bool) map[string]any {
	switch {
	case r.all == nil:
		return nil
	case redacted && r.disguised != nil:
		return r.disguised.Window()
	}
	return r.all.Window()
}

// newest are the newest events.
func (r report) newest() *event.Gathering {
	if r.all == nil {
		return nil
	}
	return r.all.Newest()
}

// collect reads what the run of a schedule reports on. Its time is fixed by the
// event, so that each attempt finds the same.
func (j *job) collect(ctx context.Context) error {
	j.report = report{all: j.set.Collect(j.rule, j.ev)}
	if len(j.opts.Private) > 0 {
		j.disguised = j.set.Collect(j.rule, j.ev)
	}
	if err := past.Collect(ctx, j.opts.Past, j.all, j.disguised, j.withoutFields); err != nil {
		return fmt.Errorf("collect events: %w", err)
	}
	for _, note := range j.all.Notes() {
		j.log.WarnContext(ctx, "collected events are incomplete", "rule", j.rule.Name, "run_id", j.run.ID, "reason", j.words(note))
	}
	return nil
}

// withoutFields returns an event without its private values.
func (j *job) withoutFields(ev *event.Event) (*event.Event, error) {
	body, _, err := j.opts.Private.Hide(ev.Body)
	if err != nil {
		return nil, err
	}
	hidden, err := decode.Event(body)
	if err == nil {
		hidden.Arrive(ev.Received)
	}
	return hidden, err
}

// memoryFor reads what is remembered for the event of a scope.
func (e *Engine) memoryFor(ctx context.Context, set *rules.Set, scope *language.Scope) (map[string]any, error) {
	keys, err := set.Memory.Keys(scope)
	if err != nil {
		return nil, err
	}
	list, err := e.store.Memories(ctx, keys.List())
	if err != nil {
		return nil, fmt.Errorf("read memory: %w", err)
	}
	return set.Memory.Values(keys, list, e.opts.Now())
}

// recollect reads what is remembered now, if the rule uses it.
func (j *job) recollect(ctx context.Context) (err error) {
	if j.rule.UsesMemory() {
		j.history.memory, err = j.memoryFor(ctx, j.set, j.scope())
	}
	return err
}

// remember stores what an action remembers, together with its attempt.
func (j *job) remember(ctx context.Context, s *rules.Step, attempt event.Attempt) (parked bool) {
	effect, err := prepare(ctx, s, j.scope())
	keeper, ok := effect.(params.Keeper)
	switch {
	case j.notKnown(err):
		j.shadow(ctx, s, attempt, "")
		return false
	case err != nil && ctx.Err() != nil:
		return false // the lease is given back by Stop
	case err != nil:
		j.failed(ctx, s, attempt, unprepared(err))
		return false
	case !ok:
		j.failed(ctx, s, attempt, event.Failf(event.CauseRefused, false, "the action remembers nothing"))
		return false
	}
	attempt.Request = j.preview(j.shown(s, effect))
	changes := keeper.Changes(j.opts.Now())
	stored, err := j.store.Memories(ctx, event.KeysOf(changes))
	if err != nil {
		j.notBegun(ctx, j.run, err)
		return false
	}
	if err := event.FitsMemory(stored, changes, j.opts.Now()); err != nil {
		j.failed(ctx, s, attempt, event.Failf(event.CauseRefused, false, "%s", err.Error()))
		return false
	}
	attempt.Outcome = event.OutcomeSucceeded
	if j.run.Shadow {
		attempt.Outcome, attempt.Rehearsed = event.OutcomeSkipped, event.WouldSend
	}
	j.remembering = changes
	j.advance(ctx, attempt, nil)
	j.remembering = nil
	if j.run.Status != event.StatusRunning {
		return false
	}
	if err := j.recollect(ctx); err != nil {
		j.notBegun(ctx, j.run, err)
	}
	return false
}
