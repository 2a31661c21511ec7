package desk

import (
	"context"
	"errors"
	"fmt"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/engine/plan"
	"github.com/gavel-rules/gavel/event"
)

// Move moves the waiting runs of a rule to the rules in force.
func (d *Desk) Move(ctx context.Context, r api.MoveRequest) (*api.Moves, error) {
	moves, err := NewMoverTo(d.Store, d.Current(), d.revisions()).MoveAll(ctx, r)
	return moves, d.wake(err)
}

// MoveAll moves the waiting runs of a rule to the rules of m. Without confirm
// it only returns what would change.
func (m *Mover) MoveAll(ctx context.Context, r api.MoveRequest) (*api.Moves, error) {
	out := &api.Moves{Rule: r.Rule, Revision: m.Revision(), Runs: []api.Move{}}
	err := m.Plan(ctx, r.Rule, func(p plan.Move) error {
		if len(out.Runs) < api.MovesShown {
			out.Runs = append(out.Runs, api.Move{RunID: p.Run.ID, MeetingID: p.Run.MeetingID, Due: p.Run.Due, Then: p.Due, Problem: p.Problem})
		}
		if p.Problem != "" {
			out.Stuck++
			return nil
		}
		out.Movable++
		if !r.Confirm {
			return nil
		}
		switch err := m.Move(ctx, p); {
		case errors.Is(err, event.ErrConflict):
			out.Gone++
		case err != nil:
			return fmt.Errorf("run %q: %w", p.Run.ID, err)
		default:
			out.Moved++
		}
		return nil
	})
	return out, err
}
