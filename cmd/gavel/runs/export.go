package runs

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/exports"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/export"
)

func newExport() *cobra.Command {
	var f exports.Flags
	var filter event.RunFilter
	var status string
	var shadow bool
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Export runs as JSON lines or CSV",
		Long: `Writes runs in their current state, oldest first, to standard output or to a file. It
can be stopped at any time: it prints a cursor, and --cursor continues from there.
With --out, an incomplete file is called FILE.part and is continued.`,
		Example: `  gavel runs export --since 30d > runs.ndjson
  gavel runs export --format csv --status failed --out failed.csv`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if filter.Statuses, err = parseStatuses(status); err != nil {
				return err
			}
			if filter.Since, filter.Until, err = f.Span(time.Now()); err != nil {
				return err
			}
			if shadow {
				filter.Shadow = &shadow
			}
			if err := f.KnownRule(cmd, filter.Rule); err != nil {
				return err
			}
			which := fmt.Sprintf(" status=%q rule=%q event=%q meeting=%q shadow=%t", status, filter.Rule, filter.EventID, filter.MeetingID, shadow)
			return f.Run(cmd, "runs", which, func(ctx context.Context, s exports.Source, o export.Options) (export.Result, error) {
				return export.Runs(filter).Write(ctx, s, o)
			})
		},
	}
	f.Register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&status, "status", "", "only runs in these states, comma-separated: "+statusList())
	flags.StringVar(&filter.Rule, "rule", "", "only runs of this rule")
	flags.StringVar(&filter.EventID, "event", "", "only runs of this event")
	flags.StringVar(&filter.MeetingID, "meeting", "", "only runs of this meeting")
	flags.BoolVar(&shadow, "shadow", false, "only runs of shadow rules, which send nothing")
	return cmd
}
