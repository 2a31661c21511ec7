// Package status implements "gavel status": one screen that says whether Gavel
// is well, and why not.
package status

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/ruleset"
)

// New returns the command "gavel status".
func New() *cobra.Command {
	var at place.Place
	var output string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show whether Gavel is well, and why not",
		Long: `Shows on one screen whether Gavel is well and why not: the last event, the rules in force,
what is due, waits and has failed, and which connections fail. It exits with 0 when all
is well and with 1 when something does not work, so a script can use it.

A server knows more than its database: only the server knows its connections
and the errors in rules on disk.`,
		Example: `  gavel status --server http://127.0.0.1:8081
  gavel status --database sqlite:gavel.db --output json`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return at.WithDesk(cmd, ruleset.Options{}, func(d place.Desk) error {
				s, err := d.Status(cmd.Context())
				if err != nil {
					return err
				}
				if err := show(cmd, &at, s, output); err != nil {
					return err
				}
				if !s.Well {
					return usage.ErrFindings
				}
				return nil
			})
		},
	}
	at.Register(cmd)
	usage.Output(cmd, &output, "text", "json")
	return cmd
}

func show(cmd *cobra.Command, at *place.Place, s *api.Status, output string) error {
	if output == "json" {
		return terminal.JSON(cmd.OutOrStdout(), s)
	}
	remote, err := at.Remote(cmd)
	if err != nil {
		return err
	}
	p := &page{Screen: terminal.ScreenOf(cmd), Status: s, place: at.Name(cmd), remote: remote, now: time.Now()}
	return p.print()
}
