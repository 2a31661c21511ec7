// Package windows says where the windows of a rule stand now. The store knows them
// by hashes of their keys, so the keys are those of the newest events.
package windows

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/units"
)

// Store is what is read.
type Store interface {
	Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error)
	Event(ctx context.Context, ref string) (*event.Record, error)
	WindowState(ctx context.Context, w event.Window, here event.Occurrence) (*event.WindowState, error)
	Gathered(ctx context.Context, runID string) (*event.Gathering, error)
}

// keysMost bounds the keys that are returned, runsAsked the runs in which they are
// looked for.
const (
	keysMost  = 5
	runsAsked = 30
)

// Now returns the windows of a rule, of those keys that came last.
func Now(ctx context.Context, s Store, set *rules.Set, name string, private privacy.Fields, now time.Time) ([]api.WindowNow, error) {
	rule := set.Rule(name)
	if rule == nil || !rule.HasWindows() {
		return nil, nil
	}
	if !rule.HasKeys() {
		asked, err := rule.Windows(nil)
		if err != nil {
			return nil, err
		}
		return stand(ctx, s, asked, now)
	}
	var out []api.WindowNow
	runs, err := s.Runs(ctx, event.RunFilter{Rule: name, Limit: runsAsked})
	if err != nil {
		return nil, err
	}
	known, keys := map[string]bool{}, 0
	for _, run := range runs {
		rec, err := s.Event(ctx, run.EventRef())
		if errors.Is(err, event.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		asked, err := rule.Windows(set.Scope(rule, rec.Event, language.ScopeOptions{Now: rec.Event.Received}))
		if err != nil {
			continue // its run says so
		}
		asked = slices.DeleteFunc(asked, func(w event.Window) bool { return known[w.Scope()] })
		for _, w := range asked {
			known[w.Scope()] = true
		}
		if len(asked) > 0 {
			keys++
		}
		if keys > keysMost {
			break
		}
		if err := hide(asked, rec.Event, set, private); err != nil {
			return nil, err
		}
		found, err := stand(ctx, s, asked, now)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// hide hides secrets and private fields of an event in the names of keys.
func hide(list []event.Window, ev *event.Event, set *rules.Set, private privacy.Fields) error {
	redact := set.Redact
	if len(private) > 0 {
		_, values, err := private.Hide(ev.Body)
		if err != nil {
			return err
		}
		var secrets privacy.Secrets
		secrets.AddPrivate(values...)
		gate := secrets.Gate()
		redact = func(text string) string { return gate.Text(set.Redact(text)) }
	}
	for i := range list {
		list[i].Label = redact(list[i].Label)
	}
	return nil
}

func stand(ctx context.Context, s Store, asked []event.Window, now time.Time) ([]api.WindowNow, error) {
	var out []api.WindowNow
	for _, w := range asked {
		if w.Kind == event.WindowAbsence {
			continue // its runs are listed with what they wait for
		}
		state, err := s.WindowState(ctx, w, event.Occurrence{At: now})
		if err != nil {
			return nil, err
		}
		one := api.WindowNow{Kind: w.Kind, Key: w.Label, Count: w.Count, Length: units.Duration(w.Length)}
		switch {
		case w.Kind == event.WindowThreshold:
			one.Counted = len(state.Near)
			if one.Counted > 0 {
				one.Until = state.Near[0].At.Add(w.Length)
			}
		case w.Kind == event.WindowThrottle:
			one.Since, one.Suppressed = state.Span.Began(w.Length), state.Span.Suppressed
			if now.Before(state.Span.Until) {
				one.Until = state.Span.Until
			}
		case state.Collects && now.Before(state.Span.Until):
			gathered, err := s.Gathered(ctx, state.Span.Run)
			if err != nil {
				return nil, err
			}
			one.Counted, one.Until, one.Run = gathered.Count, state.Span.Until, state.Span.Run
		}
		out = append(out, one)
	}
	return out, nil
}
