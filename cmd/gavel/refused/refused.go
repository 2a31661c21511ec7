// Package refused implements "gavel refused": whether anything was lost or
// refused.
package refused

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/listing"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
)

// New returns the command "gavel refused".
func New() *cobra.Command {
	var f listing.Flags
	cmd := &cobra.Command{
		Use:   "refused",
		Short: "Show whether anything was lost or refused",
		Long: `Shows the events stored in the last 24 hours, the runs that are not sent yet, and the
requests that were refused: by reason and source, of the last 7 days and of all
machines, with what to do. Cirrus Insight sends refused requests again.`,
		Example: `  gavel refused
  gavel refused --server http://127.0.0.1:8081 --output json`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.Run(cmd, func(ctx context.Context, d place.Desk) (*listing.List, error) {
				found, err := d.Refused(ctx)
				if err != nil {
					return nil, err
				}
				return listed(found, time.Now()), nil
			})
		},
	}
	f.Register(cmd)
	return cmd
}

func listed(f *api.Refused, now time.Time) *listing.List {
	l := &listing.List{
		Noun: "refused requests in the last 7 days", JSON: f,
		Columns: []terminal.Column{{Name: "REASON"}, {Name: "FROM"}, {Name: "REQUESTS"}, {Name: "LAST"}, {Name: "FIRST"}},
		Above: fmt.Sprintf("%-12s %s stored in the last 24 hours, the last one %s\n", "events", terminal.Counted(f.Events, "event", "events"), terminal.Ago(f.LastEvent, now)) +
			fmt.Sprintf("%-12s %d due, %d waiting, %d failed\n", "not sent", f.Unsent[event.StatusPending]+f.Unsent[event.StatusRunning], f.Unsent[event.StatusWaiting], f.Unsent[event.StatusFailed]) +
			fmt.Sprintf("%-12s %s in the last 24 hours", "refused", terminal.Counted(f.Requests, "request", "requests")),
	}
	var hints []string
	told := map[string]bool{}
	for _, r := range f.Items {
		row := terminal.Text(r.Text, cmp.Or(r.Source, "other sources"), fmt.Sprint(r.Count), "", "")
		row[3], row[4] = terminal.At(r.Last), terminal.At(r.First)
		l.Names, l.Rows = append(l.Names, r.Reason), append(l.Rows, row)
		if !told[r.Reason] && r.Hint != "" {
			told[r.Reason] = true
			hints = append(hints, r.Text+": "+r.Hint)
		}
	}
	l.Below = strings.Join(hints, "\n")
	return l
}
