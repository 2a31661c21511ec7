// Package rules has the commands about the rules in force.
package rules

import (
	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/pause"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
)

// New returns the command "gavel rules".
func New() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "rules",
		Short:   "List, apply, pause and resume rules",
		Example: "  gavel rules list",
		Args:    usage.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newList(), newApply())
	cmd.AddCommand(pause.Rule()...)
	return cmd
}
