package connections

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/listing"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/report/history"
)

func newShow() *cobra.Command {
	var f listing.Show
	cmd := &cobra.Command{
		Use:     "show NAME",
		Short:   "Show one connection: since when it fails, its last error, what waits for it",
		Example: "  gavel connections show crm",
		Args:    usage.ExactArgs(1, "the name of a connection"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.Run(cmd, func(ctx context.Context, d place.Desk) (*listing.One, error) {
				found, err := d.Connection(ctx, args[0])
				return &listing.One{JSON: found, Text: func(w io.Writer) error { return printOne(w, found) }}, err
			})
		},
	}
	f.Register(cmd)
	cmd.ValidArgsFunction = f.At.Connections()
	return cmd
}

func printOne(w io.Writer, c *api.ConnectionDetail) error {
	w = terminal.SafeWriter(w)
	state := State(c.State)
	if since := c.Day.FailingSince; c.State == api.ConnectionFailing && !since.IsZero() {
		state += " since about " + terminal.Clock(since)
	}
	fmt.Fprintf(w, "connection  %s (%s)\nstate       %s\n", c.Name, c.Kind, state)
	if c.Paused != nil {
		fmt.Fprintf(w, "paused      %s\n", listing.Paused(c.Paused).Text)
	}
	fmt.Fprintf(w, "24 hours    %s, %d failed; half within %s, 99 %% within %s\n",
		terminal.Counted(c.Day.Calls, "call", "calls"), c.Day.Failed, millis(c.Day.P50), millis(c.Day.P99))
	if c.MaxInFlight > 0 {
		fmt.Fprintf(w, "limits      %s at once%s; %d now, %d queued\n", terminal.Counted(c.MaxInFlight, "call", "calls"), rate(c.Rate), c.InFlight, c.Parked)
	}
	if days := failedDays(c.Day.Days); days != "" {
		fmt.Fprintf(w, "30 days     failed %s\n", days)
	}
	if e := c.LastError; e != nil {
		fmt.Fprintf(w, "last error  %s, %s\n            %s\n            rule %s, run %s\n", terminal.Clock(e.At), e.Cause, e.Reason, e.Rule, e.Run)
	}
	for _, status := range event.Statuses() {
		if n := c.Held[status]; n > 0 {
			fmt.Fprintf(w, "%-11s %d%s\n", status, n, more(c.More))
		}
	}
	_, err := fmt.Fprintf(w, "used by     %s\n", strings.Join(c.Rules, ", "))
	return err
}

// daysShown is how many days with failures are named.
const daysShown = 5

// failedDays names the newest days of UTC on which calls failed.
func failedDays(days []history.Hour) string {
	var out []string
	for _, d := range slices.Backward(days) {
		if d.Failed > 0 && len(out) < daysShown {
			out = append(out, fmt.Sprintf("%d on %s", d.Failed, d.Start.UTC().Format(time.DateOnly)))
		}
	}
	return strings.Join(out, ", ")
}

func rate(perSecond float64) string {
	if perSecond == 0 {
		return ""
	}
	return fmt.Sprintf(", %g a second", perSecond)
}

func more(cut bool) string {
	if cut {
		return " or more"
	}
	return ""
}
