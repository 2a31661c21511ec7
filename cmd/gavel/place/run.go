package place

import (
	"context"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/query"
)

// A run is named by its id or by the beginning of it, as at a server.

// Run implements RunDesk.
func (d storeDesk) Run(ctx context.Context, ref string) (*api.RunDetail, error) {
	id, err := query.RunID(ctx, d.ledger(), ref)
	if err != nil {
		return nil, err
	}
	return d.Desk.Run(ctx, id)
}

// Retry implements RunDesk.
func (d storeDesk) Retry(ctx context.Context, ref string) error {
	return d.change(ctx, ref, d.Desk.Retry)
}

// Cancel implements RunDesk.
func (d storeDesk) Cancel(ctx context.Context, ref string) error {
	return d.change(ctx, ref, d.Desk.Cancel)
}

// RunNow implements RunDesk.
func (d storeDesk) RunNow(ctx context.Context, ref string) error {
	return d.change(ctx, ref, d.Desk.RunNow)
}

// Acknowledge implements RunDesk.
func (d storeDesk) Acknowledge(ctx context.Context, ref string) error {
	return d.change(ctx, ref, d.Desk.Acknowledge)
}

func (d storeDesk) change(ctx context.Context, ref string, do func(ctx context.Context, id, by string) error) error {
	id, err := query.RunID(ctx, d.ledger(), ref)
	if err != nil {
		return err
	}
	return do(ctx, id, byHand())
}
