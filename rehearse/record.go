package rehearse

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
)

// Recording is a stored event to make a test of.
type Recording struct {
	Event *event.Event
	Set   *rules.Set
	// Replies are what actions really got back, by rule/id; may be nil.
	Replies map[string]json.RawMessage
}

// Record makes a test of a stored event. Personal data in the event and in the
// replies is replaced, and what to expect is what the rules make of the
// disguised event.
func Record(ctx context.Context, r Recording) (rules.DraftCase, error) {
	x := newDisguise()
	body, err := x.event(r.Event.Body)
	if err != nil {
		return rules.DraftCase{}, err
	}
	ev, err := event.Decode(body)
	if err != nil {
		return rules.DraftCase{}, fmt.Errorf("the disguised event: %w", err)
	}
	now := r.Event.Received.UTC().Truncate(time.Second)
	ev.Received = now
	d := rules.DraftCase{
		Name: "recorded: " + ev.Type, Now: now, Body: body,
		Replies: map[string]json.RawMessage{}, Runs: map[string]event.Status{}, Waiting: map[string]time.Time{},
	}
	stage := NewStage(StageOptions{Set: r.Set, Now: now, Rehearsal: engine.Rehearsal{Send: func(run *event.Run, s *rules.Step, _ int) (any, *event.Failure) {
		raw, ok := r.Replies[run.Rule+"/"+s.ID]
		if !ok || s.NewResult == nil {
			return nil, nil
		}
		reply, err := x.reply(raw)
		result := s.NewResult()
		if err != nil || json.Unmarshal(reply, result) != nil {
			return nil, nil
		}
		d.Replies[run.Rule+"/"+s.ID] = reply
		return result, nil
	}}})
	if _, err := stage.Take(ctx, ev); err != nil {
		return rules.DraftCase{}, err
	}
	for _, run := range stage.Runs() {
		d.Runs[run.Rule] = run.Status
		if run.Status == event.StatusWaiting {
			d.Waiting[run.Rule] = run.Due
		}
	}
	return d, nil
}
