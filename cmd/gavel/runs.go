package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/event"
)

// runDesk is what the commands about runs ask.
type runDesk interface {
	Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error)
	Run(ctx context.Context, id string) (*api.RunDetail, error)
	Retry(ctx context.Context, id string) error
	Cancel(ctx context.Context, id string) error
	Compare(ctx context.Context, q api.CompareQuery) (*api.Comparison, error)
}

func newRuns() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "Look at what rules did, and retry or cancel it",
		Example: `  gavel runs list --status failed
  gavel runs retry --failed --since 2h`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRunsList(), newRunsShow(), newRunsExport(), newRunsRetry(), newRunsCancel(), newRunsMove(), newRunsCompare())
	return cmd
}

var runHeader = []string{"CREATED", "RUN", "RULE", "STATUS", "DUE", "REASON"}

func runRows(runs []*event.Run) [][]string {
	rows := make([][]string, 0, len(runs))
	for _, r := range runs {
		due := "-"
		if !r.Status.Done() {
			due = clock(r.Due)
		}
		rows = append(rows, []string{clock(r.Created), r.ID, r.Rule, string(r.Status), due, r.Reason})
	}
	return rows
}

func newRunsList() *cobra.Command {
	var at place
	var output, status string
	var since time.Duration
	var shadow bool
	var f event.RunFilter
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List runs, newest first",
		Example: `  gavel runs list --status failed --since 24h
  gavel runs list --rule alert-on-cancellation --output json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if f.Statuses, err = parseStatuses(status); err != nil {
				return err
			}
			if since > 0 {
				f.Since = time.Now().Add(-since)
			}
			if shadow {
				f.Shadow = &shadow
			}
			return at.withDesk(cmd, app.RulesOptions{}, func(d desk) error {
				runs, err := d.Runs(cmd.Context(), f)
				if err != nil {
					return err
				}
				return printRuns(cmd.OutOrStdout(), output, runs)
			})
		},
	}
	at.register(cmd)
	outputFlag(cmd, &output, "text", "json")
	cmd.Flags().StringVar(&status, "status", "", "only runs in these states, comma-separated: "+statusList())
	cmd.Flags().StringVar(&f.Rule, "rule", "", "only runs of this rule")
	cmd.Flags().StringVar(&f.EventID, "event", "", "only runs of this event")
	cmd.Flags().StringVar(&f.MeetingID, "meeting", "", "only runs of this meeting")
	cmd.Flags().BoolVar(&shadow, "shadow", false, "only runs of shadow rules, which send nothing")
	cmd.Flags().DurationVar(&since, "since", 0, "only runs created in this time, such as 24h")
	cmd.Flags().IntVar(&f.Limit, "limit", 50, "at most this many")
	return cmd
}

func printRuns(w io.Writer, output string, runs []*event.Run) error {
	switch {
	case output == "json":
		if runs == nil {
			runs = []*event.Run{}
		}
		return printJSON(w, runs)
	case len(runs) == 0:
		_, err := fmt.Fprintln(w, "no runs")
		return err
	}
	return table(w, runHeader, runRows(runs))
}

func statusList() string {
	var names []string
	for _, s := range event.Statuses() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

func parseStatuses(list string) ([]event.Status, error) {
	if list == "" {
		return nil, nil
	}
	var statuses []event.Status
	for name := range strings.SplitSeq(list, ",") {
		s := event.Status(strings.TrimSpace(name))
		if !slices.Contains(event.Statuses(), s) {
			return nil, usageError{fmt.Errorf("--status: %q is not a state; the states are %s", name, statusList())}
		}
		statuses = append(statuses, s)
	}
	return statuses, nil
}

func newRunsShow() *cobra.Command {
	var at place
	var output string
	cmd := &cobra.Command{
		Use:     "show RUN-ID",
		Short:   "Show one run with its history",
		Example: "  gavel runs show 0198c0de-0000-7000-8000-000000000000",
		Args:    exactArgs(1, "one run id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return at.withDesk(cmd, app.RulesOptions{}, func(d desk) error {
				run, err := d.Run(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return printRun(cmd.OutOrStdout(), output, run)
			})
		},
	}
	at.register(cmd)
	outputFlag(cmd, &output, "text", "json")
	return cmd
}

func printRun(w io.Writer, output string, r *api.RunDetail) error {
	if output == "json" {
		return printJSON(w, r)
	}
	fmt.Fprintf(w, "run       %s\nrule      %s (revision %s)\nevent     %s (%s)\nstatus    %s\n",
		r.ID, printable(r.Rule), r.Revision, printable(r.EventID), printable(r.EventType), r.Status)
	if r.Reason != "" {
		fmt.Fprintf(w, "reason    %s\n", printable(r.Reason))
	}
	if !r.Status.Done() {
		fmt.Fprintf(w, "due       %s\n", clock(r.Due))
	}
	fmt.Fprintln(w)
	rows := make([][]string, 0, len(r.Attempts))
	for _, a := range r.Attempts {
		rows = append(rows, []string{clock(a.Started), actionOf(a), string(a.Outcome), a.Ended.Sub(a.Started).Round(time.Millisecond).String(), a.Reason})
	}
	if err := table(w, []string{"WHEN", "ACTION", "OUTCOME", "TOOK", "REASON"}, rows); err != nil {
		return err
	}
	return printExchanges(w, r.Attempts)
}

func actionOf(a event.Attempt) string {
	if a.Action < 0 {
		return "(run)"
	}
	return fmt.Sprintf("%s (%s, try %d)", a.ActionID, a.Kind, a.Try)
}

func printExchanges(w io.Writer, attempts []event.Attempt) error {
	for _, a := range attempts {
		for _, part := range []struct {
			name string
			raw  json.RawMessage
		}{{"request", a.Request}, {"response", a.Response}} {
			if len(part.raw) == 0 {
				continue
			}
			fmt.Fprintf(w, "\n%s, %s:\n", actionOf(a), part.name)
			if err := printJSON(terminalSafe{w}, part.raw); err != nil {
				return err
			}
		}
	}
	return nil
}

// terminalSafe makes text printable line by line.
type terminalSafe struct{ w io.Writer }

func (t terminalSafe) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		text, newline := strings.CutSuffix(line, "\n")
		text = printable(text)
		if newline {
			text += "\n"
		}
		if _, err := io.WriteString(t.w, text); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func newRunsRetry() *cobra.Command {
	var at place
	var failed bool
	var since time.Duration
	cmd := &cobra.Command{
		Use:   "retry [RUN-ID …]",
		Short: "Carry out ended runs again, from the action they stopped at",
		Long: `Makes runs that have failed, were canceled or skipped due again. They go on at the
action they stopped at; what had been done before is not done again. With
--failed, all failed runs of the given time are taken.`,
		Example: `  gavel runs retry 0198c0de-0000-7000-8000-000000000000
  gavel runs retry --failed --since 2h`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if failed == (len(args) > 0) {
				return usageError{errors.New("give run ids, or --failed")}
			}
			at.writes = true
			return at.withDesk(cmd, app.RulesOptions{}, func(d desk) error {
				if failed {
					return retryFailed(cmd, d, since)
				}
				return forEachRun(cmd, args, "retried", func(id string) error { return d.Retry(cmd.Context(), id) })
			})
		},
	}
	at.register(cmd)
	cmd.Flags().BoolVar(&failed, "failed", false, "retry every failed run")
	cmd.Flags().DurationVar(&since, "since", 24*time.Hour, "with --failed: runs created in this time")
	return cmd
}

// retryFailed retries page by page and reports progress on the error stream.
func retryFailed(cmd *cobra.Command, d runDesk, since time.Duration) error {
	f := event.RunFilter{Statuses: []event.Status{event.StatusFailed}, Since: time.Now().Add(-since), Limit: 200}
	retried := 0
	for {
		runs, err := d.Runs(cmd.Context(), f)
		if err != nil {
			return err
		}
		if len(runs) == 0 {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "%d runs retried\n", retried)
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

func newRunsCancel() *cobra.Command {
	var at place
	cmd := &cobra.Command{
		Use:     "cancel RUN-ID …",
		Short:   "End runs that wait or are due, without carrying them out",
		Example: "  gavel runs cancel 0198c0de-0000-7000-8000-000000000000",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("give one or more run ids")}
			}
			at.writes = true
			return at.withDesk(cmd, app.RulesOptions{}, func(d desk) error {
				return forEachRun(cmd, args, "canceled", func(id string) error { return d.Cancel(cmd.Context(), id) })
			})
		},
	}
	at.register(cmd)
	return cmd
}

// forEachRun does the same to several runs and goes on after a failure.
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
