package past

import (
	"context"
	"slices"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/console/day"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/report/history"
)

// InForce returns the rules in force, and which of them are paused.
func InForce(b *backend.Backend) []api.Rule {
	list, pauses := b.Rules.Rules(), pausesOf(b)
	for i := range list {
		list[i].Paused = api.PausedBy(event.PauseRule(list[i].Name), pauses)
	}
	return list
}

// Rules returns the rules in force with what they did, in file order. It does not
// say when they last fired: ask api.LastFired for those that are shown.
func Rules(ctx context.Context, b *backend.Backend) ([]api.RulePast, error) {
	now := b.Now()
	last, err := day.Read(ctx, b.Ledger, now)
	if err != nil {
		return nil, err
	}
	days, err := b.Ledger.Daily(ctx, history.MonthFrom(now))
	if err != nil {
		return nil, err
	}
	months := history.MonthsOf(days, now)
	var out []api.RulePast
	for _, r := range InForce(b) {
		month, known := months[r.Name]
		if !known {
			month = history.NoMonth(now)
		}
		out = append(out, api.RulePast{Rule: r, Day: last.Rule(r.Name), Month: month})
	}
	return out, nil
}

// Rule returns one rule with what it did and what has not ended; event.ErrNotFound
// if no rule in force has this name.
func Rule(ctx context.Context, b *backend.Backend, name string) (*api.RuleDetail, error) {
	all, err := Rules(ctx, b)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(r api.RulePast) bool { return r.Name == name })
	if i < 0 {
		var names []string
		for _, r := range all {
			names = append(names, r.Name)
		}
		return nil, api.Unknown("rule", name, names)
	}
	return api.RuleDetailOf(ctx, b.Ledger, all[i])
}
