// Package connections has the commands about connections.
package connections

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/listing"
	"github.com/gavel-rules/gavel/cmd/gavel/pause"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
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
	var f listing.Flags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the connections, those in trouble first",
		Long: `Lists the connections of the rules in force with the calls of the last 24 hours: how
many, how many failed, and how long they took; and which are paused, why and by whom.
Limits and paused calls are known to a server only: give --server.`,
		Example: `  gavel connections list
  gavel connections list --output json`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.Run(cmd, func(ctx context.Context, d place.Desk) (*listing.List, error) {
				list, err := d.Connections(ctx)
				return listed(list), err
			})
		},
	}
	f.Register(cmd)
	return cmd
}

func listed(list []api.ConnectionPast) *listing.List {
	l := &listing.List{Noun: "connections", JSON: api.Connections{Items: append([]api.ConnectionPast{}, list...)}, Columns: []terminal.Column{
		{Name: "CONNECTION"}, {Name: "KIND", Drop: 2}, {Name: "STATE"}, {Name: "FAILING SINCE"}, {Name: "CALLS 24H"}, {Name: "FAILED"},
		{Name: "P50", Drop: 1}, {Name: "P99", Drop: 1}, {Name: "USED BY", Drop: 3}, {Name: "PAUSED", Flexible: true},
	}}
	for _, c := range list {
		row := terminal.Text(c.Name, c.Kind, stateOf(&c), "-", strconv.Itoa(c.Day.Calls), strconv.Itoa(c.Day.Failed),
			millis(c.Day.P50), millis(c.Day.P99), terminal.Counted(len(c.Rules), "rule", "rules"))
		if !c.Day.FailingSince.IsZero() {
			row[3] = terminal.At(c.Day.FailingSince)
		}
		if c.State == api.ConnectionFailing {
			row[2].Paint = terminal.Bad
		}
		l.Names, l.Rows = append(l.Names, c.Name), append(l.Rows, append(row, listing.Paused(c.Paused)))
	}
	return l
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
