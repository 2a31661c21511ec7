package vault

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/sqlite"
	"github.com/gavel-rules/gavel/store/sqlite/space"
	"github.com/gavel-rules/gavel/vault/copies"
)

// errUsePgDump says how to back up PostgreSQL.
var errUsePgDump = fmt.Errorf("%w: PostgreSQL is backed up with its own tools; use pg_dump --format=custom, and pg_restore to restore it", event.ErrInvalid)

// plainLog at the end of a database URL lets SQLite write its log by itself.
const plainLog = "?gather=off"

// sqlitePath returns the file that a database URL names; ok is false for other
// databases.
func sqlitePath(databaseURL string) (path string, ok bool) {
	rest, ok := strings.CutPrefix(databaseURL, "sqlite:")
	return strings.TrimPrefix(strings.TrimSuffix(rest, plainLog), "//"), ok
}

// OnDisk reports whether a database is a file of this machine.
func OnDisk(databaseURL string) bool {
	_, ok := sqlitePath(databaseURL)
	return ok
}

// Compact rewrites a database without free space; see space.Compact.
func Compact(ctx context.Context, databaseURL string) (before, after event.Size, err error) {
	path, ok := sqlitePath(databaseURL)
	if !ok {
		return before, after, fmt.Errorf("%w: PostgreSQL reuses free space by itself; VACUUM FULL gives it back to the disk", event.ErrInvalid)
	}
	return space.Compact(ctx, path)
}

// BackupInto writes a copy of a database into an empty file.
func BackupInto(ctx context.Context, databaseURL, file string) error {
	if _, ok := sqlitePath(databaseURL); !ok {
		return errUsePgDump
	}
	store, err := Open(ctx, databaseURL, Read)
	if err != nil {
		return err
	}
	return errors.Join(store.Backup(ctx, file), store.Close())
}

// ScratchFile makes a temporary file: in the usual folder or, in a container
// without one, beside the database.
func ScratchFile(databaseURL string) (*os.File, error) {
	f, err := os.CreateTemp("", cliBackups+"*")
	if path, ok := sqlitePath(databaseURL); err != nil && ok {
		return copies.TempIn(filepath.Dir(path), cliBackups)
	}
	return f, err
}

// WriteBackup lets fill write a backup into a temporary file, checks it and
// gives it its name, encrypted if there are keys. The unencrypted file is in the
// usual folder for temporary files then.
func WriteBackup(ctx context.Context, file string, force bool, keys *copies.Keys, fill func(*os.File) error) (event.Counts, error) {
	if err := replaceable(file, force); err != nil {
		return event.Counts{}, err
	}
	folder := filepath.Dir(file)
	if keys != nil {
		folder = ""
	}
	f, err := copies.TempIn(folder, cliBackups)
	if err != nil {
		return event.Counts{}, err
	}
	defer func() { _ = os.Remove(f.Name()) }() // renamed already on success
	defer func() { _ = f.Close() }()           // an error was returned before
	if err := errors.Join(fill(f), f.Sync()); err != nil {
		return event.Counts{}, err
	}
	counts, err := InspectBackup(ctx, f.Name())
	switch {
	case err != nil:
		return counts, err
	case keys != nil:
		return counts, copies.Seal(f, keys, file, cliBackups)
	}
	if err := f.Close(); err != nil { // Windows renames no open file
		return counts, err
	}
	return counts, os.Rename(f.Name(), file)
}

// replaceable returns an error if a backup must not get a name. A database that
// was served has a lock file, which a backup has not: replacing it, as when both
// names are confused, would lose what comes after the backup.
func replaceable(file string, force bool) error {
	info, err := os.Stat(file)
	if err != nil {
		if _, err = os.Lstat(file); err != nil || force {
			return nil
		}
	}
	real, _ := filepath.EvalSymlinks(file) // empty for a link to nothing, which has no lock
	_, locked := os.Lstat(real + ".lock")
	switch {
	case !force:
		return fmt.Errorf("%q exists already; name another file, or replace it with --force", file)
	case info.IsDir():
		return fmt.Errorf("%q is a folder; name a file in it", file)
	case locked == nil:
		return fmt.Errorf("%q is a database that Gavel uses, not a backup, because %q is beside it; name another file", file, real+".lock")
	}
	return nil
}

// cliBackups is the prefix of temporary files of commands.
const cliBackups = ".gavel-backup-"

// InspectBackup checks a backup and counts what is in it.
func InspectBackup(ctx context.Context, file string) (event.Counts, error) {
	if err := sqlite.CheckBackup(ctx, file); err != nil {
		return event.Counts{}, err
	}
	return countBackup(ctx, file)
}

// countBackup counts what is in a backup that has been checked.
func countBackup(ctx context.Context, file string) (event.Counts, error) {
	store, err := sqlite.Open(ctx, file, sqlite.Options{ReadOnly: true})
	if err != nil {
		return event.Counts{}, err
	}
	defer store.Close()
	return store.Counts(ctx)
}

// File returns the file that a database URL names; ok is false for a server.
func File(databaseURL string) (path string, ok bool) { return sqlitePath(databaseURL) }
