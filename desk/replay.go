package desk

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/desk/apply"
	"github.com/gavel-rules/gavel/engine/plan"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/text"
)

// replayKeyLife is how long a replay request can be repeated. The run ids contain
// the time of the key, and lists are sorted by them.
const replayKeyLife = time.Hour

// replaySkew is how far ahead the clock that made a key may be.
const replaySkew = 5 * time.Minute

// Replay starts runs for a stored event once more, or returns which ones it
// would start. A nil set means the rules in force.
func (d *Desk) Replay(ctx context.Context, id string, set *rules.Set, r api.ReplayRequest, by string) (*api.Replay, error) {
	now := time.Now()
	key, err := replayKey(r.Key, now)
	if err != nil {
		return nil, err
	}
	rec, err := d.replayable(ctx, id)
	if err != nil {
		return nil, err
	}
	if set == nil {
		if set, err = d.inForce(ctx); err != nil {
			return nil, err
		}
	}
	if err := replayRule(set, r.Rule); err != nil {
		return nil, err
	}
	if r.Revision != "" && r.Revision != set.Revision {
		return nil, fmt.Errorf("event %q: %w: the rules have changed to revision %s; check again what would start", id, event.ErrConflict, set.Revision)
	}
	planned, err := plan.Replay(ctx, set, rec, plan.ReplayOptions{Rule: r.Rule, Key: key, Now: now, WindowState: d.Store.WindowState})
	if err != nil {
		return nil, err
	}
	out := &api.Replay{EventID: id, Revision: set.Revision, Key: key.String(), Runs: []api.ReplayedRun{}}
	if !r.Confirm || len(planned) == 0 {
		return out, d.forecast(ctx, set, rec, planned, out)
	}
	// Rules from a file may never have been in force; this does not change
	// that.
	if err := d.Store.SaveRevision(ctx, set.Revision, text.EncodeSources(set.Sources), time.Time{}); err != nil {
		return nil, err
	}
	receipt, err := d.Store.Replay(ctx, event.Replay{
		EventID: rec.Event.Ref(), Revision: set.Revision, Runs: planned, Now: now,
		Reason: fmt.Sprintf("replayed manually %s at %s", by, event.TimeText(now)),
	})
	if err != nil {
		return nil, err
	}
	_ = d.wake(nil)
	out.Replayed, out.Late, out.Created = true, receipt.Late, receipt.Created
	for i := range planned {
		run, err := d.shown().Run(ctx, planned[i].ID)
		if err != nil {
			return nil, err
		}
		out.Runs = append(out.Runs, replayedRun(set, run))
	}
	return out, nil
}

// Apply applies a rule in force to meetings that were booked before it, or
// returns what that would do.
func (d *Desk) Apply(ctx context.Context, name string, r api.ApplyRequest, by string) (*api.Application, error) {
	set, err := d.inForce(ctx)
	if errors.Is(err, event.ErrNotFound) {
		return nil, fmt.Errorf("rules in force: %w: no rules have been in force on this database yet; \"gavel serve\" loads them", event.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	rule := set.Rule(name)
	if rule == nil {
		names, err := d.names(ctx, true)
		if err != nil {
			return nil, err
		}
		return nil, api.Unknown("rule", name, names)
	}
	if err := apply.Unfit(rule); err != nil {
		return nil, err
	}
	if r.Revision != "" && r.Revision != set.Revision {
		return nil, fmt.Errorf("rule %q: %w: the rules have changed to revision %s; check again what would be added", name, event.ErrConflict, set.Revision)
	}
	if r.Confirm {
		if err := d.Store.SaveRevision(ctx, set.Revision, text.EncodeSources(set.Sources), time.Time{}); err != nil {
			return nil, err
		}
	}
	now := d.now()
	out, err := apply.Run(ctx, d.Store, apply.Options{
		Set: set, Rule: rule, Confirm: r.Confirm, Cursor: r.Cursor, Now: now,
		Reason: fmt.Sprintf("the rule was applied to meetings booked before, %s at %s", by, event.TimeText(now)),
	})
	if r.Confirm {
		_ = d.wake(nil) // after an error as well: some may be stored
	}
	if err != nil {
		return nil, err
	}
	return out, d.heldBy(ctx, name, out)
}

// heldBy adds the pause that holds the runs of a rule.
func (d *Desk) heldBy(ctx context.Context, rule string, out *api.Application) error {
	pauses, err := d.Store.Pauses(ctx)
	if err != nil {
		return err
	}
	for _, key := range []event.PauseKey{event.PauseAll, event.PauseRule(rule)} {
		if p := api.PausedBy(key, pauses); p != nil {
			out.Paused = p.String()
		}
	}
	return nil
}

// replayable returns an event that can be replayed.
func (d *Desk) replayable(ctx context.Context, id string) (*event.Record, error) {
	rec, err := d.Store.Event(ctx, id)
	if errors.Is(err, event.ErrNotFound) {
		return nil, fmt.Errorf("%w; an archived or deleted event cannot be replayed", err)
	}
	if err != nil {
		return nil, err
	}
	if body, err := erasedBody(rec.Event); err == nil && bytes.Equal(body, rec.Event.Body) {
		return nil, fmt.Errorf("event %q: %w: it was erased, so rules have nothing to match", id, event.ErrConflict)
	}
	return rec, nil
}

// inForce returns the rules in force, compiled.
func (d *Desk) inForce(ctx context.Context) (*rules.Set, error) {
	if d.Current != nil {
		return d.Current(), nil
	}
	newest, err := d.Store.NewestRevision(ctx)
	if errors.Is(err, event.ErrNotFound) {
		return nil, fmt.Errorf("rules in force: %w: no rules have been in force on this database yet; give a file with --rules", event.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return d.revision(ctx, newest.Revision)
}

// replayRule returns an error if the rule cannot be replayed.
func replayRule(set *rules.Set, name string) error {
	if err := known(set, name); err != nil || name == "" {
		return err
	}
	if set.Rule(name).Disabled {
		return fmt.Errorf("%w rule %q: it is disabled; remove enabled: false to replay events", event.ErrInvalid, name)
	}
	return nil
}

// forecast adds what a replay would start.
func (d *Desk) forecast(ctx context.Context, set *rules.Set, rec *event.Record, planned []event.ReplayedRun, out *api.Replay) error {
	newest := ""
	if rec.Event.HasMeeting() {
		state, err := d.Store.Meeting(ctx, rec.Event.MeetingRef())
		if err != nil {
			return err
		}
		if state.Newest.Event.Timestamp.After(rec.Event.Timestamp) {
			newest = state.Newest.Event.ID
		}
	}
	out.Late = newest != ""
	for i := range planned {
		p := &planned[i]
		run := replayedRun(set, &p.Run)
		run.RunID = ""
		switch {
		case p.SkipIfLate && out.Late:
			run.Status, run.Reason = event.StatusSkipped, fmt.Sprintf("late: event %s of this meeting is newer", newest)
		case p.Status == event.StatusFailed:
			// The error may quote the event.
			run.Reason = "its condition or window cannot be evaluated"
		}
		out.Runs = append(out.Runs, run)
	}
	return nil
}

func replayedRun(set *rules.Set, run *event.Run) api.ReplayedRun {
	out := api.ReplayedRun{RunID: run.ID, Rule: run.Rule, Actions: []string{}, Shadow: run.Shadow, Status: run.Status, Reason: run.Reason}
	if rule := set.Rule(run.Rule); rule != nil {
		for _, step := range rule.Actions {
			if step.Flow != nil {
				continue
			}
			out.Actions = append(out.Actions, step.Kind)
		}
	}
	return out
}

// replayKey parses the key of a request, or makes one.
func replayKey(given string, now time.Time) (uuid.UUID, error) {
	if given == "" {
		return uuid.NewV7()
	}
	key, err := uuid.Parse(given)
	if err != nil || key.Version() != 7 {
		return key, fmt.Errorf("%w key: must be a UUID version 7 or empty", event.ErrInvalid)
	}
	made := time.UnixMilli(int64(binary.BigEndian.Uint64(append([]byte{0, 0}, key[:6]...))))
	if age := now.Sub(made); age > replayKeyLife || age < -replaySkew {
		return key, fmt.Errorf("%w key: made at %s, but a request can be repeated for %s only; use a new key",
			event.ErrInvalid, event.TimeText(made), replayKeyLife)
	}
	return key, nil
}
