package place

import (
	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/vault"
)

// RedactFlag is for commands that show or store event contents.
func RedactFlag(cmd *cobra.Command) {
	cmd.Flags().StringSlice(redactFields, nil, "event fields to hide in history, log, console, API and exports, such as meeting.meetingInfo.primaryInvitee; * matches any name or item")
}

// PrivateFields reads the flag of RedactFlag; nil when the command has none.
func PrivateFields(cmd *cobra.Command) (privacy.Fields, error) {
	if cmd.Flags().Lookup(redactFields) == nil {
		return nil, nil
	}
	paths, err := cmd.Flags().GetStringSlice(redactFields)
	if err != nil {
		return nil, err
	}
	p, err := privacy.ParseFields(paths)
	if err != nil {
		return nil, usage.Errorf("--%s: %w", redactFields, err)
	}
	return p, nil
}

// WithShown is WithStore with private fields hidden.
func WithShown(cmd *cobra.Command, database string, do func(*privacy.Shown) error) error {
	private, err := PrivateFields(cmd)
	if err != nil {
		return err
	}
	return WithStore(cmd, database, vault.Read, func(s store.Store) error { return do(privacy.Show(s, private)) })
}
