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
	"github.com/gavel-rules/gavel/desk/apply"
	"github.com/gavel-rules/gavel/desk/past"
	"github.com/gavel-rules/gavel/rehearse"
	"github.com/gavel-rules/gavel/rules/units"
	"github.com/gavel-rules/gavel/ruleset"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/vault"
)

// request is what the user asks for.
type request struct {
	at                       place.Place
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

With --server, a running Gavel plays its own events against the rules given here. They
get placeholders instead of the environment variables of the server, and do not see
event fields that it hides. It plays up to 100,000 events, for up to a minute.

For rules that wait for a meeting it also says how many runs "gavel rules apply" would
add now, to meetings that were booked before.

Replies of destinations are not known, so an action whose condition needs one is
counted as one that may have been sent.`,
		Example: `  gavel backtest --rules rules.yaml --since 30d
  gavel backtest --rules new.yaml --against rules.yaml --output markdown
  gavel backtest --rules new.yaml --server http://127.0.0.1:8081`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.at.Register(cmd)
	place.EnvAllowFlag(cmd, &f.envAllow)
	usage.Output(cmd, &f.output, "text", "json", "markdown")
	flags := cmd.Flags()
	flags.StringSliceVar(&f.files, "rules", []string{"rules.yaml"}, "rules files or directories to try")
	flags.StringSliceVar(&f.against, "against", nil, "compare with these rules instead of with what really ran")
	flags.StringVar(&f.since, "since", "30d", "how far back to begin, such as 30d; 0 means with the first event")
	place.ArchiveFlag(cmd, &f.at.Archive)
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
	remote, err := f.at.Remote(cmd)
	if err != nil {
		return err
	}
	var report *rehearse.Backtest
	if remote {
		report, err = f.atServer(cmd, o)
	} else {
		report, err = f.here(cmd, o)
	}
	if err != nil {
		return err
	}
	return f.print(cmd, report)
}

// here plays the events of a database.
func (f *request) here(cmd *cobra.Command, o rehearse.BacktestOptions) (report *rehearse.Backtest, err error) {
	load := ruleset.Options{Paths: f.files, EnvAllow: f.envAllow, SecretsDir: place.FlagText(cmd, place.SecretsDir)}
	if o.Set, err = place.LoadOrTell(cmd, load); err != nil {
		return nil, err
	}
	if load.Paths = f.against; len(f.against) > 0 {
		if o.Against, err = place.LoadOrTell(cmd, load); err != nil {
			return nil, err
		}
	}
	private, err := place.PrivateFields(cmd)
	if err != nil {
		return nil, err
	}
	return report, place.WithStore(cmd, f.at.Database, vault.Read, func(s store.Store) error {
		if o.Source, err = past.Open(s, f.at.Archive, private); err != nil {
			return err
		}
		bar := terminal.NewProgress(cmd.ErrOrStderr(), "events")
		defer bar.Done()
		o.Progress = bar.Show
		if report, err = rehearse.RunBacktest(cmd.Context(), o); err != nil {
			return err
		}
		reach, err := desk.Foresee(cmd.Context(), s, private, apply.Forecast{Set: o.Set, Rules: apply.Fit(o.Set), Now: time.Now(), Time: foreseen})
		report.Foresee(reach)
		return err
	})
}

// foreseen is how long it may take to look at the meetings still to come.
const foreseen = time.Minute

func (f *request) print(cmd *cobra.Command, b *rehearse.Backtest) error {
	switch f.output {
	case "json":
		return terminal.JSON(cmd.OutOrStdout(), b)
	case "markdown":
		return printMarkdown(cmd.OutOrStdout(), b)
	}
	return printText(cmd.OutOrStdout(), b)
}
