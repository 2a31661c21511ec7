package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api/client"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/vault"
	"github.com/gavel-rules/gavel/vault/copies"
)

func newBackup() *cobra.Command {
	var at place.Place
	var force bool
	var keyFile string
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Back up the SQLite database while it is in use",
		Long: `Writes a consistent copy of the SQLite database to FILE, also while "gavel serve" is
running and receives events. The copy is checked before it gets its name, so FILE is
either complete or missing. With -, it is written to standard output. It needs as much
free space as the database.

A backup contains names and addresses of people. With --key-file all of it is encrypted,
in the format of age (age-encryption.org). Without, events are encrypted only if they are
in the database (--encryption-key-file). For PostgreSQL, use pg_dump.`,
		Example: `  gavel backup /backup/gavel.db --database sqlite:/var/lib/gavel/gavel.db
  gavel backup gavel-backup.db --server https://gavel.acme.example
  gavel backup gavel-backup.db.age --key-file /etc/gavel/backup.key
  docker exec gavel /gavel backup - > gavel-backup.db`,
		Args: usage.ExactArgs(1, "one file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			fill, err := backupSource(cmd, &at)
			if err != nil {
				return err
			}
			keys, err := copies.ReadKeys(keyFile)
			if err != nil {
				return err
			}
			if args[0] == "-" {
				return streamBackup(cmd, at.Database, keys, fill)
			}
			counts, err := vault.WriteBackup(cmd.Context(), args[0], force, keys, fill)
			if err != nil {
				return fmt.Errorf("backup: %w", err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s, checked\n", args[0], counted(counts))
			return err
		},
	}
	at.Register(cmd)
	cmd.Flags().BoolVar(&force, "force", false, "replace FILE if it exists")
	cmd.Flags().StringVar(&keyFile, "key-file", "", "file with the key that encrypts the backup: 32 bytes in base64 or hex, or a key of age")
	return cmd
}

// backupSource returns the function that fills a file with a backup.
func backupSource(cmd *cobra.Command, at *place.Place) (func(*os.File) error, error) {
	remote, err := at.Remote(cmd)
	if err != nil {
		return nil, err
	}
	if remote {
		return func(f *os.File) error {
			return at.WithServer(func(c *client.Client) error { return c.Backup(cmd.Context(), f) })
		}, nil
	}
	url, err := place.DatabaseURL(cmd, at.Database)
	if err != nil {
		return nil, err
	}
	return func(f *os.File) error { return vault.BackupInto(cmd.Context(), url, f.Name()) }, nil
}

// streamBackup makes the whole backup before it writes the first byte.
func streamBackup(cmd *cobra.Command, database string, keys *copies.Keys, fill func(*os.File) error) error {
	url, err := place.DatabaseURL(cmd, database)
	if err != nil {
		return err
	}
	f, err := vault.ScratchFile(url)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if err := fill(f); err != nil {
		return errors.Join(fmt.Errorf("backup: %w", err), f.Close())
	}
	if _, err := vault.InspectBackup(cmd.Context(), f.Name()); err != nil {
		return errors.Join(fmt.Errorf("backup: %w", err), f.Close())
	}
	_, err = f.Seek(0, io.SeekStart)
	switch {
	case err != nil:
	case keys != nil:
		err = keys.Encrypt(cmd.OutOrStdout(), f)
	default:
		_, err = io.Copy(cmd.OutOrStdout(), f)
	}
	return errors.Join(err, f.Close())
}

// counted returns the number of events and open runs.
func counted(c event.Counts) string {
	unfinished := int64(0)
	for status, n := range c.Runs {
		if !status.Done() {
			unfinished += n
		}
	}
	return held(c.Events, unfinished)
}

func held(events, open int64) string {
	return terminal.Counted(int(events), "event", "events") + ", " + terminal.Counted(int(open), "run that has not ended", "runs that have not ended")
}
