// Package backtest implements "gavel backtest", which plays stored events
// against rules.
package backtest

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/desk"
	"github.com/gavel-rules/gavel/rehearse"
	"github.com/gavel-rules/gavel/rules/units"
	"github.com/gavel-rules/gavel/ruleset"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/vault"
)

// request is what the user asks for.
type request struct {
	database, archive        string
	output, since            string
	files, against, envAllow []string
	samples                  int
}

// New returns the command "gavel backtest".
func New() *cobra.Command {
	var f request
	cmd := &cobra.Command{
		Use:   "backtest --rules FILE",
		Short: "Show what rules would have done with past events",
		Long: `Plays the stored events against rules, oldest first, with the clock of those days:
waits, thresholds, throttles and digests included. Nothing is sent. It says for each
rule how often it would have matched and what it would have sent, and compares that
with what really ran, or with the rules that --against names.

Replies of destinations are not known, so an action whose condition needs one is
counted as one that may have been sent.`,
		Example: `  gavel backtest --rules rules.yaml --since 30d
  gavel backtest --rules new.yaml --against rules.yaml --output markdown`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	place.DatabaseFlag(cmd, &f.database)
	place.EnvAllowFlag(cmd, &f.envAllow)
	usage.Output(cmd, &f.output, "text", "json", "markdown")
	flags := cmd.Flags()
	flags.StringSliceVar(&f.files, "rules", []string{"rules.yaml"}, "rules files or directories to try")
	flags.StringSliceVar(&f.against, "against", nil, "compare with these rules instead of with what really ran")
	flags.StringVar(&f.since, "since", "30d", "how far back to begin, such as 30d; 0 means with the first event")
	place.ArchiveFlag(cmd, &f.archive)
	usage.Whole(flags, &f.samples, "samples", 3, 0, "how many examples to show of each kind")
	return cmd
}

func (f *request) run(cmd *cobra.Command) error {
	o := rehearse.BacktestOptions{Samples: f.samples}
	since, err := units.ParseDuration(f.since)
	if err != nil || since < 0 {
		return usage.Errorf("--since %q: write a length of time such as 24h or 30d", f.since)
	}
	if f.samples < 0 || f.samples > 1000 {
		return usage.Errorf("--samples: must be between 0 and 1000")
	}
	if since > 0 {
		o.Since = time.Now().Add(-time.Duration(since))
	}
	if o.Set, err = place.LoadOrTell(cmd, ruleset.Options{Paths: f.files, EnvAllow: f.envAllow}); err != nil {
		return err
	}
	if len(f.against) > 0 {
		if o.Against, err = place.LoadOrTell(cmd, ruleset.Options{Paths: f.against, EnvAllow: f.envAllow}); err != nil {
			return err
		}
	}
	return place.WithStore(cmd, f.database, vault.Read, func(s store.Store) error {
		past, err := desk.OpenPast(s, f.archive)
		if err != nil {
			return err
		}
		o.Source = past
		bar := terminal.NewProgress(cmd.ErrOrStderr(), "events")
		o.Progress = bar.Show
		report, err := rehearse.RunBacktest(cmd.Context(), o)
		bar.Done()
		if err != nil {
			return err
		}
		return f.print(cmd, report)
	})
}

func (f *request) print(cmd *cobra.Command, b *rehearse.Backtest) error {
	switch f.output {
	case "json":
		return terminal.JSON(cmd.OutOrStdout(), b)
	case "markdown":
		return printMarkdown(cmd.OutOrStdout(), b)
	}
	return printText(cmd.OutOrStdout(), b)
}
