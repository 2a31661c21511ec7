package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/rehearse"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/vault"
)

// backtestFlags are what the user asks for.
type backtestFlags struct {
	database, archive        string
	output, since            string
	files, against, envAllow []string
	samples                  int
}

func newBacktest() *cobra.Command {
	var f backtestFlags
	cmd := &cobra.Command{
		Use:   "backtest --rules FILE",
		Short: "Say what rules would have done to the events that came",
		Long: `Plays the stored events against rules, oldest first, with the clock of those days:
waits, thresholds, throttles and digests included. Nothing is sent. It says for each
rule how often it would have matched and what it would have sent, and compares that
with what really ran, or with the rules that --against names.

Replies of destinations are not known, so an action whose condition needs one is
counted as one that may have been sent.`,
		Example: `  gavel backtest --rules rules.yaml --since 30d
  gavel backtest --rules new.yaml --against rules.yaml --output markdown`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	databaseFlag(cmd, &f.database)
	envAllowFlag(cmd, &f.envAllow)
	outputFlag(cmd, &f.output, "text", "json", "markdown")
	flags := cmd.Flags()
	flags.StringSliceVar(&f.files, "rules", []string{"rules.yaml"}, "rules files or directories to try")
	flags.StringSliceVar(&f.against, "against", nil, "compare with these rules instead of with what really ran")
	flags.StringVar(&f.since, "since", "30d", "how far back to begin, such as 30d; 0 means with the first event")
	archiveFlag(cmd, &f.archive)
	flags.IntVar(&f.samples, "samples", 3, "how many examples to show of each kind")
	return cmd
}

func (f *backtestFlags) run(cmd *cobra.Command) error {
	o := rehearse.BacktestOptions{Samples: f.samples}
	since, err := rules.ParseDuration(f.since)
	if err != nil || since < 0 {
		return usageError{fmt.Errorf("--since %q: write a length of time such as 24h or 30d", f.since)}
	}
	if f.samples < 0 || f.samples > 1000 {
		return usageError{errors.New("--samples: must be between 0 and 1000")}
	}
	if since > 0 {
		o.Since = time.Now().Add(-time.Duration(since))
	}
	if o.Set, err = loadOrTell(cmd, app.RulesOptions{Paths: f.files, EnvAllow: f.envAllow}); err != nil {
		return err
	}
	if len(f.against) > 0 {
		if o.Against, err = loadOrTell(cmd, app.RulesOptions{Paths: f.against, EnvAllow: f.envAllow}); err != nil {
			return err
		}
	}
	return withStore(cmd, f.database, vault.Read, func(s vault.Store) error {
		past, err := app.OpenPast(s, f.archive)
		if err != nil {
			return err
		}
		o.Source = past
		bar := newProgress(cmd.ErrOrStderr())
		o.Progress = bar.show
		report, err := rehearse.RunBacktest(cmd.Context(), o)
		bar.done()
		if err != nil {
			return err
		}
		return f.print(cmd, report)
	})
}

func (f *backtestFlags) print(cmd *cobra.Command, b *rehearse.Backtest) error {
	switch f.output {
	case "json":
		return printJSON(cmd.OutOrStdout(), b)
	case "markdown":
		return backtestMarkdown(cmd.OutOrStdout(), b)
	}
	return backtestText(cmd.OutOrStdout(), b)
}

// progress tells on a terminal how far something is; elsewhere it is silent.
type progress struct {
	w     io.Writer
	noun  string
	begun time.Time
	shown time.Time
}

func newProgress(w io.Writer) *progress {
	p := &progress{noun: "events", begun: time.Now()}
	if file, ok := w.(*os.File); ok && isatty.IsTerminal(file.Fd()) {
		p.w = w
	}
	return p
}

// show writes over the line before, at most ten times a second.
func (p *progress) show(n int, at time.Time) {
	now := time.Now()
	if p.w == nil || now.Sub(p.shown) < 100*time.Millisecond {
		return
	}
	p.shown = now
	rate := float64(n) / max(now.Sub(p.begun).Seconds(), 0.001)
	fmt.Fprintf(p.w, "\r%d %s, up to %s, %.0f/s \x1b[K", n, p.noun, clock(at), rate)
}

// done takes the line away.
func (p *progress) done() {
	if p.w != nil && !p.shown.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
