package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/units"
)

const (
	// longestReason bounds why something is paused, in characters.
	longestReason = 300
	// longestPause bounds for how long.
	longestPause = 366 * 24 * time.Hour
)

// Pauses returns what is paused and what that holds, sorted by key.
func (d *Desk) Pauses(ctx context.Context) ([]api.Pause, error) {
	list, err := d.Store.Pauses(ctx)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	held, err := d.Store.SetAside(ctx, d.now().Add(-engine.LateWake))
	if err != nil {
		return nil, err
	}
	out := make([]api.Pause, 0, len(list))
	for _, p := range list {
		one := api.Pause{Pause: p}
		for _, h := range held {
			if h.Key == p.Key {
				one.Held, one.Past = h.Runs, h.Past
			}
		}
		out = append(out, one)
	}
	return out, nil
}

// Pause holds everything that a key names, from now on and what waits already.
// Calls that are under way finish. The error is event.ErrInvalid for a wrong
// request, event.ErrNotFound for what does not exist and event.ErrConflict for
// what is paused.
func (d *Desk) Pause(ctx context.Context, key event.PauseKey, r api.PauseRequest, by string) (*api.Pause, error) {
	p := event.Pause{Key: key, Since: d.now(), Reason: strings.Join(strings.Fields(r.Reason), " "), By: by}
	if utf8.RuneCountInString(p.Reason) > longestReason {
		return nil, fmt.Errorf("%w reason: it has more than %d characters", event.ErrInvalid, longestReason)
	}
	if r.For != "" {
		length, err := units.ParseDuration(r.For)
		if err != nil || length <= 0 || time.Duration(length) > longestPause {
			return nil, fmt.Errorf("%w length of a pause %q: write a length of time such as 30m, 2h or 3d, of at most a year", event.ErrInvalid, r.For)
		}
		p.Until = p.Since.Add(time.Duration(length))
	}
	if err := d.pausable(ctx, key); err != nil {
		return nil, err
	}
	if err := d.Store.Pause(ctx, p); err != nil {
		return nil, d.pausedBefore(ctx, key, err)
	}
	if err := d.pausesChanged(ctx); err != nil {
		return nil, err
	}
	return &api.Pause{Pause: p}, nil
}

// pausedBefore says since when and by whom something is paused already.
func (d *Desk) pausedBefore(ctx context.Context, key event.PauseKey, err error) error {
	if !errors.Is(err, event.ErrConflict) {
		return err
	}
	list, readErr := d.Store.Pauses(ctx)
	if i := slices.IndexFunc(list, func(p event.Pause) bool { return p.Key == key }); readErr == nil && i >= 0 {
		return fmt.Errorf("%w: %s since %s; resume it first to change that", event.ErrConflict, list[i].String(), event.TimeText(list[i].Since))
	}
	return err
}

// Resume ends a pause: what it held goes out in order, as far as its time has not
// passed. Without Confirm it only returns what would happen.
func (d *Desk) Resume(ctx context.Context, key event.PauseKey, r api.ResumeRequest) (*api.Resumption, error) {
	list, err := d.Pauses(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(p api.Pause) bool { return p.Key == key })
	if i < 0 {
		return nil, notPaused(key, list)
	}
	out := &api.Resumption{Pause: list[i]}
	if !r.Confirm {
		return out, nil
	}
	if err := d.Store.Resume(ctx, key, list[i].Since); err != nil {
		return nil, err
	}
	out.Resumed = true
	return out, d.pausesChanged(ctx)
}

// notPaused says what of the same kind is paused.
func notPaused(key event.PauseKey, list []api.Pause) error {
	kind, name, _ := strings.Cut(string(key), "/")
	var names []string
	for _, p := range list {
		if other, ok := strings.CutPrefix(string(p.Key), kind+"/"); ok {
			names = append(names, other)
		}
	}
	if hint := text.Suggest(name, names); hint != "" {
		return fmt.Errorf("%s is not paused: %w; %s", key.Title(), event.ErrNotFound, hint)
	}
	return fmt.Errorf("%s is not paused: %w", key.Title(), event.ErrNotFound)
}

// pausesChanged lets this process act on it now; others, and a server whose
// database a command has changed, follow within a second.
func (d *Desk) pausesChanged(ctx context.Context) error {
	if d.Engine == nil {
		return nil
	}
	return d.Engine.PausesChanged(ctx)
}

// pausable returns an error if there is no such rule or connection. A rule that
// is no longer in the file but still has open runs can be paused.
func (d *Desk) pausable(ctx context.Context, key event.PauseKey) error {
	rule, connection := key.Rule(), key.Connection()
	if rule == "" && connection == "" {
		if key == event.PauseAll {
			return nil
		}
		return fmt.Errorf("%w name: it is empty", event.ErrInvalid)
	}
	names, err := d.names(ctx, rule != "")
	if err != nil {
		return err
	}
	name := rule + connection
	if slices.Contains(names, name) {
		return nil
	}
	if rule != "" {
		open, err := d.Store.Runs(ctx, event.RunFilter{Rule: rule, Statuses: []event.Status{event.StatusWaiting, event.StatusPending}, Limit: 1})
		if err != nil || len(open) > 0 {
			return err
		}
	}
	kind, _, _ := strings.Cut(string(key), "/")
	return api.Unknown(kind, name, names)
}

// names returns the names of the rules in force, or of their connections.
func (d *Desk) names(ctx context.Context, ofRules bool) ([]string, error) {
	if d.Current == nil {
		return d.storedNames(ctx, ofRules)
	}
	var names []string
	set := d.Current()
	if ofRules {
		for _, r := range set.Rules {
			names = append(names, r.Name)
		}
		return names, nil
	}
	for name := range set.Connections {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// storedNames is names for the rules that were in force last on the database.
func (d *Desk) storedNames(ctx context.Context, ofRules bool) ([]string, error) {
	newest, err := d.Store.NewestRevision(ctx)
	if err != nil {
		return nil, err
	}
	sources, err := text.DecodeSources(newest.Sources)
	if err != nil {
		return nil, fmt.Errorf("rules of revision %s: %w", newest.Revision, err)
	}
	var names []string
	if !ofRules {
		for _, o := range rules.ConnectionOutlines(sources) {
			names = append(names, o.Name)
		}
		return names, nil
	}
	for _, o := range rules.Outlines(sources) {
		names = append(names, o.Name)
	}
	return names, nil
}
