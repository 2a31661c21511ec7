package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/gavel-rules/gavel/event"
)

// history is the meeting before the event of a run.
type history struct {
	previous    *event.Meeting // nil if no earlier event is known
	reschedules int
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
	window, err := j.store.Gathered(ctx, j.run.ID)
	if err != nil {
		return fmt.Errorf("events of this run: %w", err)
	}
	j.window = window
	return nil
}
