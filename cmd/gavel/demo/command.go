package demo

import (
	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/usage"
)

// New returns the command "gavel demo".
func New() *cobra.Command {
	var once bool
	var dir string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See it work: stand-ins for Slack, mail and a CRM, and sample events",
		Long: `Starts Gavel on the example rules, with SQLite in a temporary folder and built-in
stand-ins for Slack, a mail server and a CRM; sends signed sample events over HTTP;
shows what each of them got. Then it keeps running, so that you can edit the rules
and send more. Nothing leaves this machine.`,
		Example: "  gavel demo\n  gavel demo --once     end after the samples; exit 1 if anything did not arrive",
		Args:    usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &demo{out: &narrator{w: cmd.OutOrStdout()}, once: once, dir: dir}
			return d.run(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "end after the samples")
	cmd.Flags().StringVar(&dir, "dir", "", "folder for rules and database (default a new temporary one)")
	return cmd
}
