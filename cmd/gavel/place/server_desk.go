package place

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/api/client"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/rules"
)

// serverDesk uses a server, with the server's own rules; the commands reject
// --rules before.
type serverDesk struct{ *client.Client }

// Explain uses the rules in force when the event was received.
func (d serverDesk) Explain(ctx context.Context, id string, _ *rules.Set, q api.ExplainQuery) (*api.Explanation, error) {
	return d.Client.Explain(ctx, id, q)
}

// Replay uses the rules in force.
func (d serverDesk) Replay(ctx context.Context, id string, _ *rules.Set, r api.ReplayRequest) (*api.Replay, error) {
	return d.Client.Replay(ctx, id, r)
}

// RecordTest uses the rules in force when the event was received.
func (d serverDesk) RecordTest(ctx context.Context, id string, _ *rules.Set) ([]byte, error) {
	return d.Client.RecordTest(ctx, id)
}

var errServerRules = usage.Errorf("--rules requires --database: a server uses its own rules")

// NoRulesAtServer rejects --rules together with a server.
func (p *Place) NoRulesAtServer(cmd *cobra.Command) error {
	remote, err := p.Remote(cmd)
	if err == nil && remote && named(cmd, "rules") == 2 {
		return errServerRules
	}
	return err
}
