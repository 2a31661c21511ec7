// Package refused implements "gavel refused": whether anything was lost or
// refused.
package refused

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/ruleset"
)

// New returns the command "gavel refused".
func New() *cobra.Command {
	var at place.Place
	var output string
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
			return at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
				found, err := d.Refused(cmd.Context())
				if err != nil {
					return err
				}
				if output == "json" {
					return terminal.JSON(cmd.OutOrStdout(), found)
				}
				return show(cmd.OutOrStdout(), found, time.Now())
			})
		},
	}
	at.Register(cmd)
	usage.Output(cmd, &output, "text", "json")
	return cmd
}

func show(w io.Writer, f *api.Refused, now time.Time) error {
	fmt.Fprintf(w, "%-12s %s stored in the last 24 hours, the last one %s\n", "events", terminal.Counted(f.Events, "event", "events"), terminal.Ago(f.LastEvent, now))
	fmt.Fprintf(w, "%-12s %d due, %d waiting, %d failed\n", "not sent", f.Unsent[event.StatusPending]+f.Unsent[event.StatusRunning], f.Unsent[event.StatusWaiting], f.Unsent[event.StatusFailed])
	if _, err := fmt.Fprintf(w, "%-12s %s in the last 24 hours\n", "refused", terminal.Counted(f.Requests, "request", "requests")); err != nil {
		return err
	}
	if len(f.Items) == 0 {
		return nil
	}
	var rows [][]string
	var hints []string
	told := map[string]bool{}
	for _, r := range f.Items {
		rows = append(rows, []string{r.Text, cmp.Or(r.Source, "other sources"), fmt.Sprint(r.Count), terminal.Ago(r.Last, now), terminal.Ago(r.First, now)})
		if !told[r.Reason] && r.Hint != "" {
			told[r.Reason] = true
			hints = append(hints, r.Text+": "+r.Hint)
		}
	}
	fmt.Fprintln(w)
	if err := terminal.Table(w, []string{"REASON", "FROM", "REQUESTS", "LAST", "FIRST"}, rows); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, h := range hints {
		if _, err := fmt.Fprintln(w, terminal.Safe(h)); err != nil {
			return err
		}
	}
	return nil
}
