package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/internal/diskspace"
	"github.com/gavel-rules/gavel/vault"
)

func newCompact() *cobra.Command {
	var database string
	cmd := &cobra.Command{
		Use:   "compact",
		Short: "Give the free space of a SQLite database back to the disk",
		Long: `Rewrites a SQLite database without its free space. Databases made by version 0.1 need
this once: afterwards "gavel serve --keep" gives space back by itself. Stop "gavel serve"
first; the command fails while it runs. It checks the database, needs up to twice its
content as free space, and changes nothing when it fails or is interrupted.`,
		Example: "  gavel compact --database sqlite:/var/lib/gavel/gavel.db",
		Args:    usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			url, err := place.DatabaseURL(cmd, database)
			if err != nil {
				return err
			}
			before, after, err := vault.Compact(cmd.Context(), url)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s, before %s\n", vault.RedactURL(url), diskspace.Words(after.Database), diskspace.Words(before.Database+before.Log))
			return err
		},
	}
	place.DatabaseFlag(cmd, &database)
	return cmd
}
