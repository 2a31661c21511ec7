package events

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/exports"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/export"
)

func newExport() *cobra.Command {
	var f exports.Flags
	var e export.Events
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Export stored events as JSON lines or CSV",
		Long: `Writes events, oldest first, to standard output or to a file. It can be stopped
at any time: it prints a cursor, and --cursor continues from there. With --out, an
incomplete file is called FILE.part and is continued.`,
		Example: `  gavel events export --since 30d > events.ndjson
  gavel events export --format csv --type 'scheduling.*' --out meetings.csv
  gavel events export --format csv --type 'scheduling.*' --out meetings.csv --cursor 1200`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if e.Filter.Since, e.Filter.Until, err = f.Span(time.Now()); err != nil {
				return err
			}
			filter := fmt.Sprintf(" type=%q meeting=%q owner=%q outcome=%q", e.Filter.Type, e.Filter.MeetingID, e.Owner, e.Outcome)
			return f.Run(cmd, "events", filter, func(ctx context.Context, s exports.Source, o export.Options) (export.Result, error) {
				return e.Write(ctx, s, o)
			})
		},
	}
	f.Register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&e.Filter.Type, "type", "", "only this event type, or a pattern such as 'scheduling.*'")
	flags.StringVar(&e.Filter.MeetingID, "meeting", "", "only events of this meeting")
	flags.StringVar(&e.Owner, "owner", "", "only meetings of this owner: part of a name or an address")
	flags.Var(usage.OneOf(&e.Outcome, export.Outcomes()), "outcome", "only events that matched a rule, matched none, came late, or were delivered repeatedly")
	return cmd
}
