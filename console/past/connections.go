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
	list := api.PastsOf(b.Rules.Connections(), history.CallsOf(spans, days, now), b.Rules.Rules(), now)
	pauses := pausesOf(b)
	for i := range list {
		list[i].Paused = api.PausedBy(event.PauseConnection(list[i].Name), pauses)
	}
	return list, nil
}

// pausesOf returns what is paused, as far as this process knows.
func pausesOf(b *backend.Backend) []event.Pause {
	if b.Paused == nil {
		return nil
	}
	return b.Paused()
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
