// Package connections has the commands about connections.
package connections

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/pause"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/ruleset"
)

// New returns the command "gavel connections".
func New() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "connections",
		Short:   "Show, pause and resume the connections of the rules",
		Example: "  gavel connections list",
		Args:    usage.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newList(), newShow())
	cmd.AddCommand(pause.Connection()...)
	return cmd
}

func newList() *cobra.Command {
	var at place.Place
	var output string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the connections, those in trouble first",
		Long: `Lists the connections of the rules in force with the calls of the last 24 hours: how
many, how many failed, and how long they took. Limits and paused calls are known to
a server only: give --server.`,
		Example: `  gavel connections list
  gavel connections list --output json`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
				list, err := d.Connections(cmd.Context())
				if err != nil {
					return err
				}
				if output == "json" {
					return terminal.JSON(cmd.OutOrStdout(), api.Connections{Items: list})
				}
				return printList(cmd.OutOrStdout(), list)
			})
		},
	}
	at.Register(cmd)
	usage.Output(cmd, &output, "text", "json")
	return cmd
}

func printList(w io.Writer, list []api.ConnectionPast) error {
	rows := make([][]string, 0, len(list))
	for _, c := range list {
		rows = append(rows, []string{
			c.Name, c.Kind, stateOf(&c), terminal.Clock(c.Day.FailingSince), fmt.Sprint(c.Day.Calls), fmt.Sprint(c.Day.Failed),
			millis(c.Day.P50), millis(c.Day.P99), terminal.Counted(len(c.Rules), "rule", "rules"),
		})
	}
	return terminal.Table(w, []string{"CONNECTION", "KIND", "STATE", "FAILING SINCE", "CALLS 24H", "FAILED", "P50", "P99", "USED BY"}, rows)
}

// stateOf says how a connection is, and whether somebody has paused it.
func stateOf(c *api.ConnectionPast) string {
	if c.Paused != nil {
		return "paused, " + State(c.State)
	}
	return State(c.State)
}

// State says in words how a connection is.
func State(s api.ConnectionState) string {
	switch s {
	case api.ConnectionNew:
		return "not called yet"
	case api.ConnectionTried:
		return "being tried again"
	case api.ConnectionAsked:
		return "asked to wait"
	}
	return string(s)
}

func millis(ms int) string {
	if ms == 0 {
		return "-"
	}
	return fmt.Sprintf("%d ms", ms)
}
