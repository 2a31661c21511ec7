package runs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/ruleset"
)

func retry() change {
	return change{"retry", "retried", true, func(ctx context.Context, d place.Desk, id string) error { return d.Retry(ctx, id) }}
}

func newRetry() *cobra.Command {
	var s selection
	var failed bool
	ended := []event.Status{event.StatusFailed, event.StatusCanceled, event.StatusSkipped}
	cmd := &cobra.Command{
		Use:   "retry [RUN-ID …]",
		Short: "Retry ended runs from the action they stopped at",
		Long: `Makes runs that have failed, were canceled or skipped due again. They continue at the
action they stopped at; earlier actions are not repeated. With --failed, all failed
runs of the last 24 hours are taken, or of the time that --since gives; with --rule,
those of one rule. These show first how many they are, to whom and over which connection.
On a terminal they then ask; otherwise --yes is required.`,
		Example: `  gavel runs retry 0198c0de-0000-7000-8000-000000000000
  gavel runs retry --failed --since 2h
  gavel runs retry --rule thank-you --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			q, err := s.query([]event.Status{event.StatusFailed}, ended)
			switch {
			case err != nil:
				return err
			case (failed || q.Rule != "") == (len(args) > 0), failed && s.status != "":
				return usage.Errorf("give run ids, or --failed, or --rule NAME with or without --status")
			case len(args) > 0:
				s.at.Writes = true
				return s.at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
					return forEachRun(cmd, args, "retried", func(id string) error { return d.Retry(cmd.Context(), id) })
				})
			}
			if q.Since.IsZero() && q.Rule == "" {
				q.Since = time.Now().Add(-24 * time.Hour)
			}
			return s.all(cmd, q, retry())
		},
	}
	s.register(cmd, ended...)
	cmd.Flags().BoolVar(&failed, "failed", false, "retry every failed run")
	return cmd
}

func newCancel() *cobra.Command {
	var s selection
	open := []event.Status{event.StatusPending, event.StatusWaiting}
	cmd := &cobra.Command{
		Use:   "cancel [RUN-ID …]",
		Short: "Cancel waiting or due runs",
		Long: `Cancels runs that wait or are due. With --rule, all of one rule: it shows first which they
are; on a terminal it then asks, otherwise --yes is required.`,
		Example: `  gavel runs cancel 0198c0de-0000-7000-8000-000000000000
  gavel runs cancel --rule thank-you --status waiting --due-before 24h`,
		RunE: func(cmd *cobra.Command, args []string) error {
			q, err := s.query(open, open)
			switch {
			case err != nil:
				return err
			case (q.Rule != "") == (len(args) > 0):
				return usage.Errorf("give one or more run ids, or --rule NAME")
			case len(args) > 0:
				s.at.Writes = true
				return s.at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
					return forEachRun(cmd, args, "canceled", func(id string) error { return d.Cancel(cmd.Context(), id) })
				})
			}
			q.Sort = event.SortDue
			return s.all(cmd, q, change{"cancel", "canceled", false, func(ctx context.Context, d place.Desk, id string) error { return d.Cancel(ctx, id) }})
		},
	}
	s.register(cmd, open...)
	cmd.Flags().StringVar(&s.dueBefore, "due-before", "", "only runs due before this time: a time, a day, or how far ahead, such as 24h")
	return cmd
}

func newRunNow() *cobra.Command {
	var s selection
	cmd := &cobra.Command{
		Use:   "run-now RUN-ID …",
		Short: "Carry out waiting runs now",
		Long: `Ends the wait of runs, so that they send at once. It shows first to whom and over which
connection; on a terminal it then asks, otherwise --yes is required.`,
		Example: "  gavel runs run-now 0198c0de-0000-7000-8000-000000000000",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage.Errorf("give one or more run ids; \"gavel runs list --status waiting\" shows them")
			}
			s.at.Writes = true
			return s.at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error { return runNow(cmd, &s, d, args) })
		},
	}
	s.at.Register(cmd)
	cmd.ValidArgsFunction = s.at.RunIDs(event.StatusWaiting, event.StatusPending)
	cmd.Flags().BoolVar(&s.yes, "yes", false, "do it without asking")
	return cmd
}

func runNow(cmd *cobra.Command, s *selection, d place.Desk, ids []string) error {
	var runs []api.ListedRun
	for _, id := range ids {
		run, err := d.Run(cmd.Context(), id)
		if err != nil {
			return pointed(err)
		}
		listed := api.ListedRun{Run: run.Run}
		if ev, err := d.Event(cmd.Context(), run.EventRef()); err == nil { // it may be pruned
			listed.About = ev.About
		}
		runs = append(runs, listed)
	}
	return s.confirmed(cmd, d, runs, change{"start", "started", true, func(ctx context.Context, d place.Desk, id string) error { return d.RunNow(ctx, id) }})
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
			problems = append(problems, pointed(err))
			continue
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", done, id)
	}
	return errors.Join(problems...)
}
