package rehearse

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/engine/plan"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/suite"
)

// Recording is a stored event to create a test from.
type Recording struct {
	Event *event.Event
	Set   *rules.Set
	// Replies are the real replies to actions, by rule/id; may be nil.
	Replies map[string]json.RawMessage
	// Memory is what was remembered, from MemoryAsGiven; may be nil.
	Memory map[string]any
}

// Record creates a test from a stored event. Personal data in the event and the
// replies is replaced. The test expects what the rules do with the original
// event. Where they do something else with the disguised event, DraftCase.Differs
// names the rules, and the test fails until the author sets suitable values.
func Record(ctx context.Context, r Recording) (suite.DraftCase, error) {
	x := newDisguise()
	body, err := x.event(r.Event.Body)
	if err != nil {
		return suite.DraftCase{}, err
	}
	ev, err := decode.Event(body)
	if err != nil {
		return suite.DraftCase{}, fmt.Errorf("the disguised event: %w", err)
	}
	now := r.Event.Received.UTC().Truncate(time.Second)
	ev.Arrive(now)
	d := suite.DraftCase{Name: "recorded: " + ev.Type, Now: now, Body: body}
	memory, err := x.memory(r.Memory)
	if err != nil {
		return suite.DraftCase{}, err
	}
	d.Memory = memory
	was, err := replay(ctx, r, r.Event, now, func(raw json.RawMessage) (json.RawMessage, error) { return raw, nil })
	if err != nil {
		return suite.DraftCase{}, err
	}
	r.Memory = memory
	disguised, err := replay(ctx, r, ev, now, func(raw json.RawMessage) (json.RawMessage, error) { return x.reply(raw) })
	if err != nil {
		return suite.DraftCase{}, err
	}
	d.Runs, d.Waiting, d.Replies = was.runs, was.waiting, disguised.replies
	for rule, raw := range was.replies {
		if d.Replies[rule] != nil {
			continue
		}
		if d.Replies[rule], err = x.reply(raw); err != nil {
			return suite.DraftCase{}, err
		}
	}
	d.Differs = differing(was.runs, disguised.runs)
	return d, nil
}

// replayed is what rules do with an event.
type replayed struct {
	runs    map[string]event.Status
	waiting map[string]time.Time
	replies map[string]json.RawMessage // that were used, by rule/id
}

func replay(ctx context.Context, r Recording, ev *event.Event, now time.Time, reply func(json.RawMessage) (json.RawMessage, error)) (replayed, error) {
	out := replayed{runs: map[string]event.Status{}, waiting: map[string]time.Time{}, replies: map[string]json.RawMessage{}}
	send := func(run *event.Run, s *rules.Step, _ int) (any, *event.Failure) {
		raw, ok := r.Replies[run.Rule+"/"+plan.StepID(run, s)]
		if !ok || s.NewResult == nil {
			return nil, nil
		}
		got, err := reply(raw)
		result := s.NewResult()
		if err != nil || event.UnmarshalExact(got, result) != nil {
			return nil, nil
		}
		if id := run.Rule + "/" + s.ID; out.replies[id] == nil { // of a for_each, that of the first element
			out.replies[id] = got
		}
		return result, nil
	}
	stage := NewStage(StageOptions{Set: r.Set, Now: now, Rehearsal: engine.Rehearsal{Send: send}})
	// A copy, so that the stored event keeps its time.
	played, err := decode.Event(ev.Body)
	if err != nil {
		return out, fmt.Errorf("the stored event: %w", err)
	}
	played.Received = now
	if err := stage.remember(played, r.Memory); err != nil {
		return out, err
	}
	if _, err := stage.Take(ctx, played); err != nil {
		return out, err
	}
	for _, run := range stage.Runs() {
		out.runs[run.Rule] = run.Status
		if run.Status == event.StatusWaiting {
			out.waiting[run.Rule] = run.Due
		}
	}
	return out, nil
}

// differing lists the rules whose runs have another status.
func differing(a, b map[string]event.Status) []string {
	var out []string
	for _, rule := range slices.Sorted(maps.Keys(a)) {
		if a[rule] != b[rule] {
			out = append(out, rule)
		}
	}
	for _, rule := range slices.Sorted(maps.Keys(b)) {
		if _, ok := a[rule]; !ok {
			out = append(out, rule)
		}
	}
	return out
}
