// Package events has the commands about stored events.
package events

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/listing"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/export"
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
	cmd.AddCommand(newList(), newShow(), newTail(), newExport(), newImport(), newReplay(), newErase())
	return cmd
}

func newList() *cobra.Command {
	var f listing.Flags
	var span listing.Span
	var q api.EventQuery
	var outcome string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List stored events, newest first",
		Example: `  gavel events list
  gavel events list --type 'scheduling.*' --since 7d
  gavel events list --q jane --owner kim --output csv
  gavel events list --meeting 8f0c1c52 --output json`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if q.Since, q.Until, err = span.Times(time.Now()); err != nil {
				return err
			}
			q.Fate = event.Fate(outcome)
			return f.Run(cmd, func(ctx context.Context, d place.Desk) (*listing.List, error) {
				events, err := d.FindEvents(ctx, q)
				if hint := usage.TypeHint(q.Type); err == nil && len(events) == 0 && hint != "" {
					fmt.Fprintf(cmd.ErrOrStderr(), "gavel: no event of type %q is stored; did you mean %q?\n", q.Type, hint)
				}
				return listed(events), err
			})
		},
	}
	f.Register(cmd)
	span.Register(cmd, "events received")
	cmd.Flags().StringVar(&q.Type, "type", "", "only this event type, or a pattern such as 'scheduling.*'")
	cmd.Flags().StringVar(&q.MeetingID, "meeting", "", "only events of this meeting")
	cmd.Flags().Var(usage.OneOf(&outcome, append([]string{""}, export.Outcomes()...)), "outcome", "only events with this outcome: "+strings.Join(export.Outcomes(), ", "))
	cmd.Flags().StringVar(&q.Q, "q", "", "only events with these words in a name or an address, or whose id begins so")
	cmd.Flags().StringVar(&q.Owner, "owner", "", "only events whose owner has these words in the name or the address")
	usage.Whole(cmd.Flags(), &q.Limit, "limit", 50, 1, "at most this many")
	place.CompleteFlag(cmd, "type", place.Fixed(slices.Concat(event.Types(), own.Types())...))
	place.CompleteFlag(cmd, "outcome", place.Fixed(export.Outcomes()...))
	return cmd
}

func listed(events []api.Event) *listing.List {
	l := &listing.List{Noun: "events", JSON: events, Columns: []terminal.Column{
		{Name: "RECEIVED"}, {Name: "TYPE"}, {Name: "EVENT"}, {Name: "MEETING", Drop: 2}, {Name: "RUNS"}, {Name: "FAILED"}, {Name: "DELIVERIES", Drop: 1},
		{Name: "OWNER", Drop: 3, Flexible: true}, {Name: "TITLE", Flexible: true},
	}}
	for _, e := range events {
		l.Names = append(l.Names, e.ID)
		failed := terminal.Cell{Text: strconv.Itoa(e.Failed)}
		if e.Failed > 0 {
			failed.Paint = terminal.Bad
		}
		row := append([]terminal.Cell{terminal.At(e.Received)}, terminal.Text(e.Type, e.ID, e.MeetingID, strconv.Itoa(e.Runs))...)
		l.Rows = append(l.Rows, append(append(row, failed), terminal.Text(strconv.Itoa(e.Deliveries), e.Owner, e.Title)...))
	}
	return l
}
