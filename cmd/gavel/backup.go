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
)

func newBackup() *cobra.Command {
	var at place.Place
	var force bool
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Back up the SQLite database while it is in use",
		Long: `Writes a consistent copy of the SQLite database to FILE, also while "gavel serve" is
running and receives events. The copy is checked before it gets its name, so FILE is
either complete or missing. With -, it is written to standard output. It needs as much
free space as the database.

A backup contains names and addresses of people; with --encryption-key-file, events
stay encrypted in it, and restoring them needs the key file. For PostgreSQL, use
pg_dump.`,
		Example: `  gavel backup /backup/gavel.db --database sqlite:/var/lib/gavel/gavel.db
  gavel backup gavel-backup.db --server https://gavel.acme.example
  docker exec gavel /gavel backup - > gavel-backup.db`,
		Args: usage.ExactArgs(1, "one file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			fill, err := backupSource(cmd, &at)
			if err != nil {
				return err
			}
			if args[0] == "-" {
				return streamBackup(cmd, at.Database, fill)
			}
			counts, err := vault.WriteBackup(cmd.Context(), args[0], force, fill)
			if err != nil {
				return fmt.Errorf("backup: %w", err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s, checked\n", args[0], held(counts))
			return err
		},
	}
	at.Register(cmd)
	cmd.Flags().BoolVar(&force, "force", false, "replace FILE if it exists")
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
func streamBackup(cmd *cobra.Command, database string, fill func(*os.File) error) error {
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
	if err == nil {
		_, err = io.Copy(cmd.OutOrStdout(), f)
	}
	return errors.Join(err, f.Close())
}

// held returns the number of events and open runs.
func held(c event.Counts) string {
	unfinished := int64(0)
	for status, n := range c.Runs {
		if !status.Done() {
			unfinished += n
		}
	}
	return fmt.Sprintf("%s, %s that have not ended", terminal.Counted(int(c.Events), "event", "events"), terminal.Counted(int(unfinished), "run", "runs"))
}

func newRestore() *cobra.Command {
	var database string
	var force bool
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Replace the SQLite database with a backup",
		Long: `Checks a backup and replaces the SQLite database with it, including its -wal and -shm
files. Stop "gavel serve" first; the command fails while it runs. An existing database
is only replaced with --force, and is renamed, not deleted.

What happened after the backup is lost: newer events are missing, and runs that had not
ended then continue from there, so what they have sent since is sent again. Before
"gavel serve" starts, list them with "gavel runs list --status pending,waiting,running"
and cancel what must not be sent.`,
		Example: "  gavel restore /backup/gavel.db --database sqlite:/var/lib/gavel/gavel.db --force",
		Args:    usage.ExactArgs(1, "one file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			url, err := place.DatabaseURL(cmd, database)
			if err != nil {
				return err
			}
			done, err := vault.Restore(cmd.Context(), args[0], url, force)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "%s: %s\n", vault.RedactURL(url), held(done.Counts))
			if done.Aside != "" {
				fmt.Fprintf(out, "the previous database is now %s\n", done.Aside)
			}
			return nil
		},
	}
	place.DatabaseFlag(cmd, &database)
	cmd.Flags().BoolVar(&force, "force", false, "replace an existing database, after renaming it")
	return cmd
}
