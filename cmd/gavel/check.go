package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/rules"
)

func newCheck() *cobra.Command {
	var output string
	var envAllow []string
	cmd := &cobra.Command{
		Use:   "check FILE-OR-DIR …",
		Short: "Find every mistake in rules files",
		Long: `Reads rules exactly as serve does and prints all findings with their place, the
line and what to do. Exit code 1 when any of them is an error.

Environment variables that the rules name must be set, as for serve.`,
		Example: `  gavel check rules.yaml
  gavel check rules/ --output json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("give one or more rules files or directories")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			set, findings := app.LoadRules(app.RulesOptions{Paths: args, EnvAllow: envAllow})
			if output == "json" {
				if findings == nil {
					findings = rules.Findings{}
				}
				if err := printJSON(cmd.OutOrStdout(), findings); err != nil {
					return err
				}
			} else if err := findings.Text(cmd.OutOrStdout()); err != nil {
				return err
			}
			if findings.HasErrors() {
				return errFindings
			}
			if output != "json" {
				fmt.Fprintf(cmd.OutOrStdout(), "%s, %s: no errors (revision %s)\n",
					counted(len(set.Rules), "rule", "rules"), counted(len(set.Connections), "connection", "connections"), set.Revision)
			}
			return nil
		},
	}
	outputFlag(cmd, &output, "text", "json")
	envAllowFlag(cmd, &envAllow)
	return cmd
}

func envAllowFlag(cmd *cobra.Command, value *[]string) {
	cmd.Flags().StringSliceVar(value, "env-allow", []string{"*"},
		"environment variables that rules may read, as names or patterns such as 'CRM_*'; GAVEL_… never")
}
