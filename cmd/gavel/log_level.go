package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/api/client"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
)

func newLogLevel() *cobra.Command {
	at := place.Place{Server: "http://127.0.0.1:8081"}
	cmd := &cobra.Command{
		Use:   "log-level [debug|info|warn|error]",
		Short: "Show or change what a running Gavel logs",
		Long: `Shows the log level of a running Gavel, or changes it
until its next start. Each process has its own level; it starts with the --log-level
of "gavel serve".`,
		Example: `  gavel log-level            show it
  gavel log-level debug      see every event and every try
  gavel log-level info --server http://10.0.0.5:8081`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage.Errorf("expected at most one level, got %s", terminal.Counted(len(args), "argument", "arguments"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return at.WithServer(func(c *client.Client) error {
				if len(args) == 1 {
					if err := c.SetLogLevel(cmd.Context(), api.LogLevel{Level: args[0]}); err != nil {
						return err
					}
				}
				level, err := c.LogLevel(cmd.Context())
				if err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), level.Level)
				return nil
			})
		},
	}
	at.RegisterServer(cmd, "console address of the Gavel")
	return cmd
}
