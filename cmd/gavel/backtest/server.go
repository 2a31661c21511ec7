package backtest

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/api/client"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/rehearse"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/ruleset"
)

// atServer lets a server play its events.
func (f *request) atServer(cmd *cobra.Command, o rehearse.BacktestOptions) (*rehearse.Backtest, error) {
	if f.samples > api.BacktestSamples {
		return nil, usage.Errorf("--samples %d: a server shows at most %d", f.samples, api.BacktestSamples)
	}
	if err := f.at.NoArchiveAtServer(cmd); err != nil {
		return nil, err
	}
	for _, name := range []string{"env-allow", place.SecretsDir} {
		if place.Typed(cmd, name) {
			return nil, usage.Errorf("--%s belongs to --database: rules that are tried at a server get placeholders instead of its environment", name)
		}
	}
	r := api.BacktestRequest{Since: o.Since, Samples: o.Samples}
	var err error
	if r.Rules, err = files(cmd, f.files); err != nil {
		return nil, err
	}
	if r.Against, err = files(cmd, f.against); err != nil {
		return nil, err
	}
	var out *api.BacktestAnswer
	err = f.at.WithServer(func(c *client.Client) error {
		out, err = c.Backtest(cmd.Context(), r)
		return err
	})
	if err != nil {
		return nil, err
	}
	if out.Report == nil {
		if err := findings(out.Findings).Text(cmd.ErrOrStderr()); err != nil {
			return nil, err
		}
		return nil, usage.ErrFindings
	}
	return out.Report, nil
}

// files reads rules files as they are.
func files(cmd *cobra.Command, paths []string) ([]api.RulesFile, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	sources, found := ruleset.ReadSources(paths...)
	if found.HasErrors() {
		if err := found.Text(cmd.ErrOrStderr()); err != nil {
			return nil, err
		}
		return nil, usage.ErrFindings
	}
	var out []api.RulesFile
	for _, s := range sources {
		out = append(out, api.RulesFile{Name: s.Name, Content: string(s.Content)})
	}
	return out, nil
}

// findings are those of a server as they are printed here.
func findings(list []api.Finding) text.Findings {
	var out text.Findings
	for _, f := range list {
		out = append(out, text.Finding{
			Severity: text.Severity(f.Severity), Pos: text.Position{File: f.File, Line: f.Line, Column: f.Column},
			Rule: f.Rule, Message: f.Message, Hint: f.Hint, Source: f.Source,
		})
	}
	return out
}

// cut says that a back-test did not reach the last event, and how to go on.
func cut(b *rehearse.Backtest) string {
	if b.Cut == "" {
		return ""
	}
	return fmt.Sprintf("%s; choose a shorter time with --since, or use --database", b.Cut)
}
