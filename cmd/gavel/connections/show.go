package connections

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/ruleset"
)

func newShow() *cobra.Command {
	var at place.Place
	var output string
	cmd := &cobra.Command{
		Use:     "show NAME",
		Short:   "Show one connection: since when it fails, its last error, what waits for it",
		Example: "  gavel connections show crm",
		Args:    usage.ExactArgs(1, "the name of a connection"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
				found, err := d.Connection(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if output == "json" {
					return terminal.JSON(cmd.OutOrStdout(), found)
				}
				return printOne(cmd.OutOrStdout(), found)
			})
		},
	}
	at.Register(cmd)
	cmd.ValidArgsFunction = at.Connections()
	usage.Output(cmd, &output, "text", "json")
	return cmd
}

func printOne(w io.Writer, c *api.ConnectionDetail) error {
	w = terminal.SafeWriter(w)
	state := State(c.State)
	if since := c.Day.FailingSince; c.State == api.ConnectionFailing && !since.IsZero() {
		state += " since about " + terminal.Clock(since)
	}
	fmt.Fprintf(w, "connection  %s (%s)\nstate       %s\n", c.Name, c.Kind, state)
	fmt.Fprintf(w, "24 hours    %s, %d failed; half within %s, 99 %% within %s\n",
		terminal.Counted(c.Day.Calls, "call", "calls"), c.Day.Failed, millis(c.Day.P50), millis(c.Day.P99))
	if c.MaxInFlight > 0 {
		fmt.Fprintf(w, "limits      %d calls at once%s; %d now, %d queued\n", c.MaxInFlight, rate(c.Rate), c.InFlight, c.Parked)
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
