// Package events has the commands about stored events.
package events

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/ruleset"
)

// New returns the command "gavel events".
func New() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Look at the events that were received",
		Example: `  gavel events list --since 24h
  gavel events show 0b9f3c1e-demo-1`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newList(), newShow(), newTail(), newExport(), newReplay(), newErase())
	return cmd
}

func newList() *cobra.Command {
	var at place.Place
	var output string
	var since time.Duration
	var f event.EventFilter
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List stored events, newest first",
		Example: `  gavel events list
  gavel events list --type 'scheduling.*' --since 24h
  gavel events list --meeting 8f0c1c52 --output json`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if since > 0 {
				f.Since = time.Now().Add(-since)
			}
			return at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
				events, err := d.Events(cmd.Context(), f)
				if err != nil {
					return err
				}
				return printEvents(cmd.OutOrStdout(), output, events)
			})
		},
	}
	at.Register(cmd)
	usage.Output(cmd, &output, "text", "json")
	cmd.Flags().StringVar(&f.Type, "type", "", "only this event type, or a pattern such as 'scheduling.*'")
	cmd.Flags().StringVar(&f.MeetingID, "meeting", "", "only events of this meeting")
	cmd.Flags().DurationVar(&since, "since", 0, "only events received in this time, such as 24h")
	usage.Whole(cmd.Flags(), &f.Limit, "limit", 50, 1, "at most this many")
	return cmd
}

func printEvents(w io.Writer, output string, lines []api.Event) error {
	if output == "json" {
		return terminal.JSON(w, lines)
	}
	if len(lines) == 0 {
		_, err := fmt.Fprintln(w, "no events")
		return err
	}
	rows := make([][]string, 0, len(lines))
	for _, l := range lines {
		rows = append(rows, []string{terminal.Clock(l.Received), l.Type, l.ID, l.MeetingID, strconv.Itoa(l.Runs), strconv.Itoa(l.Deliveries)})
	}
	return terminal.Table(w, []string{"RECEIVED", "TYPE", "EVENT", "MEETING", "RUNS", "DELIVERIES"}, rows)
}
