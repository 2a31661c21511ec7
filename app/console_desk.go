package app

import (
	"context"
	"os"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/desk"
	"github.com/gavel-rules/gavel/vault"
)

// consoleDesk is the Desk of a server: its rules are those in force, and the
// engine hears of what changes.
type consoleDesk struct {
	*desk.Desk
	operator operator
}

// Explain implements backend.Desk.
func (d consoleDesk) Explain(ctx context.Context, id string, q api.ExplainQuery) (*api.Explanation, error) {
	return d.Desk.Explain(ctx, id, nil, q)
}

// RecordTest implements backend.Desk.
func (d consoleDesk) RecordTest(ctx context.Context, id string) ([]byte, error) {
	return d.Desk.RecordTest(ctx, id, nil)
}

// Replay implements backend.Desk.
func (d consoleDesk) Replay(ctx context.Context, id string, r api.ReplayRequest, by string) (*api.Replay, error) {
	with := *d.Desk
	with.By = by
	out, err := with.Replay(ctx, id, nil, r)
	if err == nil && out.Created > 0 {
		d.operator.log.InfoContext(ctx, "event replayed", "event_id", id, "runs", out.Created, "revision", out.Revision, "by", by)
	}
	return out, d.operator.wake(err)
}

// Move implements backend.Desk.
func (d consoleDesk) Move(ctx context.Context, r api.MoveRequest) (*api.Moves, error) {
	moves, err := d.operator.mover().MoveAll(ctx, r)
	return moves, d.operator.wake(err)
}

// Erase implements backend.Desk.
func (d consoleDesk) Erase(ctx context.Context, r api.EraseRequest) (*api.Erasure, error) {
	found, err := d.Desk.Erase(ctx, r)
	return found, d.operator.wake(err)
}

// mover moves to the rules in force.
func (o operator) mover() *desk.Mover {
	return desk.NewMoverTo(o.store, o.live.Current(), o.opts.Rules)
}

// Backup implements backend.Desk.
func (d consoleDesk) Backup(ctx context.Context) (*os.File, error) {
	d.operator.backingUp.Lock()
	defer d.operator.backingUp.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err // it has waited for another for too long
	}
	f, err := vault.BackupToSend(ctx, d.operator.store, d.operator.opts.Database)
	if err == nil {
		d.operator.log.InfoContext(ctx, "backup made")
	}
	return f, err
}
