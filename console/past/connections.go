package past

import (
	"context"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/report/history"
)

// Connections returns the connections of the rules in force, those in trouble
// first.
func Connections(ctx context.Context, b *backend.Backend) ([]api.ConnectionPast, error) {
	now := b.Now()
	spans, err := b.Ledger.Tallies(ctx, history.CallsFrom(now))
	if err != nil {
		return nil, err
	}
	days, err := b.Ledger.Daily(ctx, now.Add(-event.DailyKeep))
	if err != nil {
		return nil, err
	}
	return api.PastsOf(b.Rules.Connections(), history.CallsOf(spans, days, now), b.Rules.Rules(), now), nil
}

// Connection returns one connection with its last error and what it holds;
// event.ErrNotFound if the rules have none of that name.
func Connection(ctx context.Context, b *backend.Backend, name string) (*api.ConnectionDetail, error) {
	list, err := Connections(ctx, b)
	if err != nil {
		return nil, err
	}
	return api.DetailOf(ctx, b.Ledger, list, name)
}
