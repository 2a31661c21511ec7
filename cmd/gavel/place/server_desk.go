package place

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/api/client"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/rules"
)

// serverDesk asks a server. Rules of other files cannot be asked there; the
// commands refuse them before.
type serverDesk struct{ *client.Client }

// Explain asks the rules that the event met.
func (d serverDesk) Explain(ctx context.Context, id string, _ *rules.Set, q api.ExplainQuery) (*api.Explanation, error) {
	return d.Client.Explain(ctx, id, q)
}

// Replay asks the rules in force.
func (d serverDesk) Replay(ctx context.Context, id string, _ *rules.Set, r api.ReplayRequest) (*api.Replay, error) {
	return d.Client.Replay(ctx, id, r)
}

// RecordTest asks the rules that the event met.
func (d serverDesk) RecordTest(ctx context.Context, id string, _ *rules.Set) ([]byte, error) {
	return d.Client.RecordTest(ctx, id)
}

var errServerRules = usage.Errorf("--rules goes with --database: a server answers by the rules that it has")

// NoRulesAtServer refuses rules files where a server is asked.
func (p *Place) NoRulesAtServer(cmd *cobra.Command) error {
	remote, err := p.Remote(cmd)
	if err == nil && remote && named(cmd, "rules") == 2 {
		return errServerRules
	}
	return err
}
