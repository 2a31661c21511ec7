// Package runs has the commands about runs.
package runs

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/ruleset"
)

// New returns the command "gavel runs".
func New() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "runs",
		Short: "Look at what rules did, and retry or cancel it",
		Example: `  gavel runs list --status failed
  gavel runs retry --failed --since 2h`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newList(), newShow(), newExport(), newRetry(), newCancel(), newAcknowledge(), newMove(), newCompare())
	return cmd
}

func newList() *cobra.Command {
	var at place.Place
	var output, status string
	var since time.Duration
	var shadow bool
	var f event.RunFilter
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List runs, newest first",
		Example: `  gavel runs list --status failed --since 24h
  gavel runs list --rule alert-on-cancellation --output json`,
		Args: usage.NoArgs,
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
			return at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
				runs, err := d.Runs(cmd.Context(), f)
				if err != nil {
					return err
				}
				return printRuns(cmd.OutOrStdout(), output, runs)
			})
		},
	}
	at.Register(cmd)
	usage.Output(cmd, &output, "text", "json")
	cmd.Flags().StringVar(&status, "status", "", "only runs in these states, comma-separated: "+statusList())
	cmd.Flags().StringVar(&f.Rule, "rule", "", "only runs of this rule")
	cmd.Flags().StringVar(&f.EventID, "event", "", "only runs of this event")
	cmd.Flags().StringVar(&f.MeetingID, "meeting", "", "only runs of this meeting")
	cmd.Flags().BoolVar(&shadow, "shadow", false, "only runs of shadow rules, which send nothing")
	cmd.Flags().DurationVar(&since, "since", 0, "only runs created in this time, such as 24h")
	usage.Whole(cmd.Flags(), &f.Limit, "limit", 50, 1, "at most this many")
	return cmd
}

func printRuns(w io.Writer, output string, runs []*event.Run) error {
	switch {
	case output == "json":
		if runs == nil {
			runs = []*event.Run{}
		}
		return terminal.JSON(w, runs)
	case len(runs) == 0:
		_, err := fmt.Fprintln(w, "no runs")
		return err
	}
	return terminal.Runs(w, runs)
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
			return nil, usage.Errorf("--status: %q is not a state; use one of %s", name, statusList())
		}
		statuses = append(statuses, s)
	}
	return statuses, nil
}
