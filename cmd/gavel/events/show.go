package events

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/listing"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
)

func newShow() *cobra.Command {
	var f listing.Show
	cmd := &cobra.Command{
		Use:     "show EVENT-ID",
		Short:   "Show one event with its body and the runs it started",
		Example: "  gavel events show 0b9f3c1e-demo-1",
		Args:    usage.ExactArgs(1, "one event id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.Run(cmd, func(ctx context.Context, d place.Desk) (*listing.One, error) {
				ev, err := d.Event(ctx, args[0])
				return &listing.One{JSON: ev, Text: func(w io.Writer) error { return printEvent(w, ev) }}, err
			})
		},
	}
	f.Register(cmd)
	cmd.ValidArgsFunction = f.At.EventIDs()
	return cmd
}

func printEvent(w io.Writer, l *api.EventDetail) error {
	fmt.Fprintf(w, "event     %s\ntype      %s\nhappened  %s\nreceived  %s (%s, last at %s)\nrules     revision %s\n",
		terminal.Safe(l.ID), terminal.Safe(l.Type), terminal.Clock(l.Happened), terminal.Clock(l.Received), terminal.Counted(l.Deliveries, "delivery", "deliveries"), terminal.Clock(l.LastSeen), l.Revision)
	if l.MeetingID != "" {
		fmt.Fprintf(w, "meeting   %s\n", terminal.Safe(l.MeetingID))
	}
	if l.Late {
		fmt.Fprintln(w, "late      received after a newer event of this meeting")
	}
	for _, d := range l.Drift {
		fmt.Fprintf(w, "drift     %s\n", terminal.Safe(d.String()))
	}
	fmt.Fprintln(w)
	if len(l.RunList) == 0 {
		fmt.Fprintln(w, "No rule matched this event.")
	} else if err := terminal.Runs(w, l.RunList); err != nil {
		return err
	}
	fmt.Fprintln(w)
	// Indented but not decoded, so that numbers, the order and repeated keys
	// stay as received.
	var body bytes.Buffer
	if json.Indent(&body, bytes.TrimSpace(l.Body), "", "  ") != nil {
		body.Reset()
		body.Write(l.Body)
	}
	_, err := fmt.Fprintln(terminal.SafeWriter(w), body.String())
	return err
}
