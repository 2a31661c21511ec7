package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/vault"
)

func newMigrate() *cobra.Command {
	var database string
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Migrate a database to this version",
		Long: `Migrates the tables of a database to this version of Gavel, or creates
them. "gavel serve" does the same at its start; no other command does. Back up the
database before: older versions cannot use it afterwards.`,
		Example: "  gavel migrate --database postgres://gavel@db.acme.example/gavel",
		Args:    usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			url, err := place.DatabaseURL(cmd, database)
			if err != nil {
				return err
			}
			opened, err := vault.Telling(func(elapsed time.Duration) {
				_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "still migrating after %s…\n", elapsed)
			}, func() (store.Store, error) { return vault.Open(cmd.Context(), url, vault.Migrate) })
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is up to date\n", vault.RedactURL(url))
			return errors.Join(err, opened.Close())
		},
	}
	place.DatabaseFlag(cmd, &database)
	return cmd
}
