package rehearse

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/rules"
)

// own matches one of Gavel's own events. Those of schedules are made by the stage,
// and are counted here.
func (t *troupe) own(ev *event.Event) []rules.Verdict {
	verdicts, err := t.stage.engine.Match(context.Background(), t.set, ev)
	if err != nil || !isDue(ev) {
		return verdicts // it never fails: memory is in memory
	}
	for _, v := range verdicts {
		if t.count(v) {
			t.dues[ev.ID] = v.Rule.Name
		}
	}
	return verdicts
}

// told returns the rule that a schedule has started with this id, once.
func (t *troupe) told(id string) []string {
	rule, ok := t.dues[id]
	if !ok {
		return nil
	}
	delete(t.dues, id)
	return []string{rule}
}

// reach lets the schedules run that are due until an event was received. Those
// of the event itself count, even if it is the first one.
func (t *troupe) reach(ctx context.Context, ev *event.Event) error {
	if t.stage.now.IsZero() {
		t.stage.now = ev.Own.Due.Add(-time.Second)
	}
	return t.stage.Advance(ctx, ev.Received)
}

// takeDue compares what a schedule did with what it would have done. The event is
// not taken: the stage has made its own.
func (b *backtest) takeDue(ctx context.Context, r *event.Record) (err error) {
	if err := b.now.reach(ctx, r.Event); err != nil {
		return err
	}
	var then []string
	if b.then != nil {
		if err := b.then.reach(ctx, r.Event); err != nil {
			return err
		}
		then = b.then.told(r.Event.ID)
	} else if then, err = b.really(ctx, r); err != nil {
		return err
	}
	b.compare(r.Event.ID, b.now.told(r.Event.ID), then)
	return nil
}

// compareDues compares what only the stages told.
func (b *backtest) compareDues() {
	for _, id := range slices.Sorted(maps.Keys(b.now.dues)) {
		var then []string
		if b.then != nil {
			then = b.then.told(id)
		}
		b.compare(id, b.now.told(id), then)
	}
	if b.then == nil {
		return
	}
	for _, id := range slices.Sorted(maps.Keys(b.then.dues)) {
		b.compare(id, nil, b.then.told(id))
	}
}

func isDue(ev *event.Event) bool { return ev.Type == own.TypeScheduleDue }
