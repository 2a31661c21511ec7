package apply

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rehearse"
	"github.com/gavel-rules/gavel/rules"
)

// Forecast asks what applying rules would add.
type Forecast struct {
	Set   *rules.Set
	Rules []*rules.Rule
	Now   time.Time
	// Events and Time bound what is looked at, the newest events first; 0 means no
	// bound.
	Events int
	Time   time.Duration
}

// Fit lists the rules of a set that are worth applying: those whose runs wait for
// a meeting, and send.
func Fit(set *rules.Set) (fit []*rules.Rule) {
	for _, r := range set.Rules {
		if !r.Shadow && r.OnePerMeeting() && Unfit(r) == nil {
			fit = append(fit, r)
		}
	}
	return fit
}

// Foresee returns what applying rules to the meetings still to come would add, by
// rule. It stores nothing. Rules that would add nothing are left out.
func Foresee(ctx context.Context, store Reader, o Forecast) (map[string]*rehearse.Reach, error) {
	if len(o.Rules) == 0 {
		return nil, nil
	}
	begun, looked, partial := time.Now(), 0, false
	var works []*work
	for _, r := range o.Rules {
		works = append(works, &work{Options: Options{Set: o.Set, Rule: r, Now: o.Now}, store: store, out: &api.Application{}})
	}
	for before := int64(0); !partial; {
		f := event.EventFilter{Before: before, Limit: page, Bytes: event.PageBytes}
		list, err := store.Events(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, rec := range list {
			if partial = o.Events > 0 && looked >= o.Events || o.Time > 0 && time.Since(begun) > o.Time; partial {
				break
			}
			looked++
			before = rec.Seq
			if err := foresee(ctx, store, works, rec, o.Now); err != nil {
				return nil, fmt.Errorf("event %q: %w", rec.Event.ID, err)
			}
		}
		if f.Ended(list) {
			break
		}
	}
	out := map[string]*rehearse.Reach{}
	for _, w := range works {
		if w.out.Added > 0 {
			out[w.Rule.Name] = &rehearse.Reach{Added: w.out.Added, Skipped: w.out.Skipped, Late: w.out.Late, AtOnce: w.out.AtOnce, Partial: partial}
		}
	}
	return out, nil
}

// foresee applies all rules to the meeting of an event, without storing anything.
func foresee(ctx context.Context, store Reader, works []*work, rec *event.Record, now time.Time) error {
	is, err := newest(ctx, store, rec, now)
	if err != nil || !is {
		return err
	}
	for _, w := range works {
		if err := w.meeting(ctx, rec.Event); err != nil {
			return err
		}
		if err := w.flush(ctx); err != nil {
			return err
		}
	}
	return nil
}
