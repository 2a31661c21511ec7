package runs

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/ruleset"
)

func newRetry() *cobra.Command {
	var at place.Place
	var failed bool
	var since time.Duration
	cmd := &cobra.Command{
		Use:   "retry [RUN-ID …]",
		Short: "Retry ended runs from the action they stopped at",
		Long: `Makes runs that have failed, were canceled or skipped due again. They continue at the
action they stopped at; earlier actions are not repeated. With
--failed, all failed runs of the given time are taken.`,
		Example: `  gavel runs retry 0198c0de-0000-7000-8000-000000000000
  gavel runs retry --failed --since 2h`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if failed == (len(args) > 0) {
				return usage.Errorf("give run ids, or --failed")
			}
			at.Writes = true
			return at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
				if failed {
					return retryFailed(cmd, d, since)
				}
				return forEachRun(cmd, args, "retried", func(id string) error { return d.Retry(cmd.Context(), id) })
			})
		},
	}
	at.Register(cmd)
	cmd.Flags().BoolVar(&failed, "failed", false, "retry every failed run")
	cmd.Flags().DurationVar(&since, "since", 24*time.Hour, "with --failed: runs created in this time")
	return cmd
}

// retryFailed retries page by page and reports progress on the error stream.
func retryFailed(cmd *cobra.Command, d place.RunDesk, since time.Duration) error {
	f := event.RunFilter{Statuses: []event.Status{event.StatusFailed}, Since: time.Now().Add(-since), Limit: 200}
	retried := 0
	for {
		runs, err := d.Runs(cmd.Context(), f)
		if err != nil {
			return err
		}
		if len(runs) == 0 {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s retried\n", terminal.Counted(retried, "run", "runs"))
			return err
		}
		for _, r := range runs {
			err := d.Retry(cmd.Context(), r.ID)
			if err != nil && !errors.Is(err, event.ErrConflict) {
				return fmt.Errorf("run %q: %w", r.ID, err)
			}
			if err == nil {
				retried++
			}
		}
		f.Before = runs[len(runs)-1].ID
		fmt.Fprintf(cmd.ErrOrStderr(), "%d …\n", retried)
	}
}

func newCancel() *cobra.Command {
	var at place.Place
	cmd := &cobra.Command{
		Use:     "cancel RUN-ID …",
		Short:   "Cancel waiting or due runs",
		Example: "  gavel runs cancel 0198c0de-0000-7000-8000-000000000000",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage.Errorf("give one or more run ids")
			}
			at.Writes = true
			return at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
				return forEachRun(cmd, args, "canceled", func(id string) error { return d.Cancel(cmd.Context(), id) })
			})
		},
	}
	at.Register(cmd)
	return cmd
}

func newAcknowledge() *cobra.Command {
	var at place.Place
	cmd := &cobra.Command{
		Use:   "acknowledge RUN-ID …",
		Short: "Say that a failed run is dealt with",
		Long: `The run stays failed and can still be retried, but it does not count as failing any more: not in
its issue, on the first page of the console, or in alerts. To acknowledge all
failures of the same kind, use "gavel issues resolve".`,
		Example: "  gavel runs acknowledge 0198c0de-0000-7000-8000-000000000000",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage.Errorf("give one or more run ids")
			}
			at.Writes = true
			return at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
				return forEachRun(cmd, args, "acknowledged", func(id string) error { return d.Acknowledge(cmd.Context(), id) })
			})
		},
	}
	at.Register(cmd)
	return cmd
}

// forEachRun does the same to several runs and continues after an error.
func forEachRun(cmd *cobra.Command, ids []string, done string, do func(id string) error) error {
	var problems []error
	for _, id := range ids {
		if err := do(id); err != nil {
			problems = append(problems, err)
			continue
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", done, id)
	}
	return errors.Join(problems...)
}
