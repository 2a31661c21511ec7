package runs

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/listing"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
)

func newShow() *cobra.Command {
	var f listing.Show
	cmd := &cobra.Command{
		Use:     "show RUN-ID",
		Short:   "Show one run with its history",
		Example: "  gavel runs show 0198c0de-0000-7000-8000-000000000000",
		Args:    usage.ExactArgs(1, "one run id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.Run(cmd, func(ctx context.Context, d place.Desk) (*listing.One, error) {
				run, err := d.Run(ctx, args[0])
				return &listing.One{JSON: run, Text: func(w io.Writer) error { return printRun(w, run) }}, pointed(err)
			})
		},
	}
	f.Register(cmd)
	cmd.ValidArgsFunction = f.At.RunIDs()
	return cmd
}

func printRun(w io.Writer, r *api.RunDetail) error {
	fmt.Fprintf(w, "run       %s\nrule      %s (revision %s)\nevent     %s (%s)\nstatus    %s\n",
		r.ID, terminal.Safe(r.Rule), r.Revision, terminal.Safe(r.EventID), terminal.Safe(r.EventType), r.Status)
	if r.Reason != "" {
		fmt.Fprintf(w, "reason    %s\n", terminal.Safe(r.Reason))
	}
	if !r.Status.Done() {
		fmt.Fprintf(w, "due       %s\n", terminal.Clock(r.Due))
	}
	fmt.Fprintln(w)
	rows := make([][]string, 0, len(r.Attempts))
	for _, a := range r.Attempts {
		rows = append(rows, []string{terminal.Clock(a.Started), terminal.ActionOf(a), string(a.Outcome), a.Ended.Sub(a.Started).Round(time.Millisecond).String(), a.Reason})
	}
	if err := terminal.Table(w, []string{"WHEN", "ACTION", "OUTCOME", "TOOK", "REASON"}, rows); err != nil {
		return err
	}
	return printExchanges(w, r.Attempts)
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
			fmt.Fprintf(w, "\n%s, %s:\n", terminal.ActionOf(a), part.name)
			if err := terminal.JSON(terminal.SafeWriter(w), part.raw); err != nil {
				return err
			}
		}
	}
	return nil
}
