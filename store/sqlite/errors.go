package sqlite

import (
	"context"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/gavel-rules/gavel/event"
)

// code returns SQLite's primary result code, 0 if err is not SQLite's.
func code(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code() & 0xff
}

// passing reports whether an error may go away by itself: a full or failing
// disk, another process that holds the database.
func passing(err error) bool {
	if errors.Is(err, event.ErrUnavailable) {
		return true
	}
	switch code(err) {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_FULL, lib.SQLITE_IOERR, lib.SQLITE_CANTOPEN,
		lib.SQLITE_READONLY, lib.SQLITE_PERM, lib.SQLITE_NOMEM, lib.SQLITE_PROTOCOL, lib.SQLITE_INTERRUPT:
		return true
	}
	return false
}

// explain puts an error of SQLite into words and, where that is so, marks it
// as one that may pass.
func explain(err error) error {
	if err == nil || errors.Is(err, event.ErrUnavailable) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	switch code(err) {
	case lib.SQLITE_FULL:
		return fmt.Errorf("%w: the disk of the database is full; free some space: %w", event.ErrUnavailable, err)
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return fmt.Errorf("%w: another process keeps the database locked: %w", event.ErrUnavailable, err)
	case lib.SQLITE_IOERR:
		return fmt.Errorf("%w: the disk of the database reports an error: %w", event.ErrUnavailable, err)
	case lib.SQLITE_READONLY, lib.SQLITE_PERM:
		return fmt.Errorf("%w: the database cannot be written; check the permissions of the file and its folder: %w", event.ErrUnavailable, err)
	}
	if passing(err) {
		return fmt.Errorf("%w: %w", event.ErrUnavailable, err)
	}
	return err
}

// explainOpen says what is wrong with a database that cannot be opened, and
// what to do.
func explainOpen(path string, err error) error {
	switch code(err) {
	case lib.SQLITE_NOTADB:
		return fmt.Errorf("open store %q: the file is not a SQLite database; name another file or move this one away: %w", path, err)
	case lib.SQLITE_CORRUPT:
		return damagedAtOpen(path, err)
	case lib.SQLITE_CANTOPEN, lib.SQLITE_PERM, lib.SQLITE_AUTH:
		return fmt.Errorf("open store %q: no permission to open the file or to create files beside it; check the owner and mode of both: %w", path, err)
	case lib.SQLITE_READONLY:
		return fmt.Errorf("open store %q: the database is read-only; make the file and its folder writable for this user: %w", path, err)
	}
	return fmt.Errorf("open store %q: %w", path, explain(err))
}

func damagedAtOpen(path string, err error) error {
	return fmt.Errorf("open store %[1]q: the database is damaged: %[2]w\n"+
		"Restore a backup with: gavel restore BACKUP --database sqlite:%[1]s --force (the damaged files are kept aside).\n"+
		"Without a backup, save what can be read with the command .recover of the sqlite3 shell, and start on that file.\n"+
		"If you have copied a backup over the database yourself, its old -wal file may have damaged it: restore the backup once more", path, err)
}

// away is an error that may pass, such as that of a disk that is not mounted
// yet.
type away struct{ error }

// Is implements what errors.Is asks for.
func (away) Is(target error) bool { return target == event.ErrUnavailable }

// explain is the function of this name for what readers met: damage that one
// of them finds ends the writing too.
func (s *Store) explain(err error) error { return explain(s.guard.damaged(err)) }
