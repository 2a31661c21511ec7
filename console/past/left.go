package past

import (
	"context"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/backend"
)

// leftAsked bounds the rules with waiting runs that are looked at.
const leftAsked = 1000

// Left returns the rules that are disabled, in shadow mode or gone, and have runs
// that wait and still will be sent.
func Left(ctx context.Context, b *backend.Backend) ([]api.LeftRule, error) {
	names, err := b.Ledger.WaitingRules(ctx, leftAsked)
	if err != nil {
		return nil, err
	}
	why := map[string]string{}
	for _, r := range b.Rules.Rules() {
		switch {
		case r.Disabled:
			why[r.Name] = api.LeftDisabled
		case r.Shadow:
			why[r.Name] = api.LeftShadow
		default:
			why[r.Name] = ""
		}
	}
	var list []api.LeftRule
	for _, name := range names {
		reason, known := why[name]
		if !known {
			reason = api.LeftGone
		}
		if reason == "" {
			continue
		}
		left, err := api.Left(ctx, b.Ledger, name, reason)
		if err != nil {
			return nil, err
		}
		if left.Runs > 0 {
			list = append(list, left)
		}
	}
	return list, nil
}
