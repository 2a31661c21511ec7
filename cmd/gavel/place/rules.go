package place

import (
	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/ruleset"
)

// EnvAllowFlag adds the flags for the environment variables that rules may
// read.
func EnvAllowFlag(cmd *cobra.Command, value *[]string) {
	cmd.Flags().StringSliceVar(value, "env-allow", []string{"*"},
		"environment variables that rules may read, as names or patterns such as 'CRM_*'; GAVEL_… and OTEL_… never")
	cmd.Flags().String(SecretsDir, "", "folder whose files rules may read as environment variables: the name is that of the file, the value its content")
}

// LoadOrTell loads rules, or prints the findings.
func LoadOrTell(cmd *cobra.Command, o ruleset.Options) (*rules.Set, error) {
	set, findings := ruleset.Load(o)
	if findings.HasErrors() {
		if err := findings.Text(cmd.ErrOrStderr()); err != nil {
			return nil, err
		}
		return nil, usage.ErrFindings
	}
	return set, nil
}
