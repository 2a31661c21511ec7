package place

import (
	"context"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/rules"
)

// A run or an event is named by its id or by the beginning of it, as at a server.

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

// Postpone implements PauseDesk.
func (d storeDesk) Postpone(ctx context.Context, ref string, until time.Time) error {
	return d.change(ctx, ref, func(ctx context.Context, id, by string) error { return d.Desk.Postpone(ctx, id, until, by) })
}

// Explain implements ExplainDesk.
func (d storeDesk) Explain(ctx context.Context, ref string, set *rules.Set, q api.ExplainQuery) (*api.Explanation, error) {
	id, err := query.EventID(ctx, d.ledger(), ref)
	if err != nil {
		return nil, err
	}
	return d.Desk.Explain(ctx, id, set, q)
}

// RecordTest implements ExplainDesk.
func (d storeDesk) RecordTest(ctx context.Context, ref string, set *rules.Set) ([]byte, error) {
	id, err := query.EventID(ctx, d.ledger(), ref)
	if err != nil {
		return nil, err
	}
	return d.Desk.RecordTest(ctx, id, set)
}

func (d storeDesk) change(ctx context.Context, ref string, do func(ctx context.Context, id, by string) error) error {
	id, err := query.RunID(ctx, d.ledger(), ref)
	if err != nil {
		return err
	}
	return do(ctx, id, byHand())
}
