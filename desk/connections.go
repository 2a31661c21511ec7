package desk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/report/history"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/text"
)

// Connections returns the connections of the rules that were in force last on
// this database, those in trouble first. It does not know their limits, nor what
// is in the memory of a server.
func (d *Desk) Connections(ctx context.Context) ([]api.ConnectionPast, error) {
	newest, err := d.Store.NewestRevision(ctx)
	if err != nil {
		return nil, err
	}
	sources, err := text.DecodeSources(newest.Sources)
	if err != nil {
		return nil, fmt.Errorf("rules of revision %s: %w", newest.Revision, err)
	}
	now := time.Now()
	spans, err := d.Store.Tallies(ctx, history.CallsFrom(now))
	if err != nil {
		return nil, err
	}
	days, err := d.Store.Daily(ctx, now.Add(-event.DailyKeep))
	if err != nil {
		return nil, err
	}
	var list []api.Connection
	var users []api.Rule
	for _, c := range rules.ConnectionOutlines(sources) {
		list = append(list, api.Connection{Name: c.Name, Kind: c.Kind, Breaker: "closed"})
	}
	for _, o := range rules.Outlines(sources) {
		rule := api.Rule{Name: o.Name}
		for i, kind := range o.Actions {
			rule.Actions = append(rule.Actions, api.Action{Kind: kind, Connection: o.Connections[i]})
		}
		users = append(users, rule)
	}
	slices.SortFunc(list, func(a, b api.Connection) int { return cmp.Compare(a.Name, b.Name) })
	pauses, err := d.Store.Pauses(ctx)
	if err != nil {
		return nil, err
	}
	out := api.PastsOf(list, history.CallsOf(spans, days, now), users, now)
	for i := range out {
		out[i].Paused = api.PausedBy(event.PauseConnection(out[i].Name), pauses)
	}
	return out, nil
}

// Connection returns one connection with its last error and what it holds;
// event.ErrNotFound if the rules have none of that name.
func (d *Desk) Connection(ctx context.Context, name string) (*api.ConnectionDetail, error) {
	list, err := d.Connections(ctx)
	if err != nil {
		return nil, err
	}
	return api.DetailOf(ctx, d.shown(), list, name)
}
