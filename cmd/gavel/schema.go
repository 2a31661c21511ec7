package main

import (
	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/ruleset"
)

func newSchema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of rules files, for editors",
		Long: `Prints the JSON Schema (2020-12) of rules files. An editor that knows YAML, such
as VS Code with the YAML extension, completes keys and actions when the
file begins with the line

  # yaml-language-server: $schema=rules.schema.json

It does not find everything that "gavel check" finds, such as a misspelt field in
an expression.`,
		Example: "  gavel schema > rules.schema.json",
		Args:    usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			schema, err := ruleset.Schema()
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(schema)
			return err
		},
	}
}
