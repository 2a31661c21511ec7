package app

import (
	"context"
	"os"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/desk"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/vault"
)

// consoleDesk is the Desk of a server; it uses the rules in force.
type consoleDesk struct {
	*desk.Desk
	app *App
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
	out, err := d.Desk.Replay(ctx, id, nil, r, by)
	if err == nil && out.Created > 0 {
		d.app.log.InfoContext(ctx, "event replayed", "event_id", id, "runs", out.Created, "revision", out.Revision, "by", by)
	}
	return out, err
}

// Apply implements backend.Desk.
func (d consoleDesk) Apply(ctx context.Context, rule string, r api.ApplyRequest, by string) (*api.Application, error) {
	out, err := d.Desk.Apply(ctx, rule, r, by)
	if err == nil && r.Confirm && out.Added > 0 {
		d.app.log.InfoContext(ctx, "rule applied to upcoming meetings", "rule", rule, "runs", out.Added, "revision", out.Revision, "by", by)
	}
	return out, err
}

// Resume implements backend.Desk.
func (d consoleDesk) Resume(ctx context.Context, key event.PauseKey, r api.ResumeRequest, by string) (*api.Resumption, error) {
	out, err := d.Desk.Resume(ctx, key, r)
	if err == nil && out.Resumed {
		d.app.log.InfoContext(ctx, "resumed", "paused", key.Title(), "runs", out.GoesOut(), "past", out.Past, "by", by)
	}
	return out, err
}

// Backup implements backend.Desk.
func (d consoleDesk) Backup(ctx context.Context) (*os.File, error) {
	d.app.backingUp.Lock() // also while a regular backup is made
	defer d.app.backingUp.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err // waited too long for another backup
	}
	f, err := vault.BackupToSend(ctx, d.app.store, d.app.opts.Database)
	if err == nil {
		d.app.log.InfoContext(ctx, "backup made")
	}
	return f, err
}
