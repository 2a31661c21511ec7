package conn

import (
	"context"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/gavel-rules/gavel/event"
)

// Code returns SQLite's primary result code, 0 if err is not SQLite's.
func Code(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code() & 0xff
}

// Passing reports whether an error may be temporary: a full or failing disk,
// another process that has locked the database.
func Passing(err error) bool {
	if errors.Is(err, event.ErrUnavailable) {
		return true
	}
	switch Code(err) {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_FULL, lib.SQLITE_IOERR, lib.SQLITE_CANTOPEN,
		lib.SQLITE_READONLY, lib.SQLITE_PERM, lib.SQLITE_NOMEM, lib.SQLITE_PROTOCOL, lib.SQLITE_INTERRUPT:
		return true
	}
	return false
}

// Explain explains an error of SQLite and marks a temporary one as such.
func Explain(err error) error {
	if err == nil || errors.Is(err, event.ErrUnavailable) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	switch Code(err) {
	case lib.SQLITE_FULL:
		return fmt.Errorf("%w: the disk of the database is full; free some space: %w", event.ErrUnavailable, err)
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return fmt.Errorf("%w: another process keeps the database locked: %w", event.ErrUnavailable, err)
	case lib.SQLITE_IOERR:
		return fmt.Errorf("%w: the disk of the database reports an error: %w", event.ErrUnavailable, err)
	case lib.SQLITE_READONLY, lib.SQLITE_PERM:
		return fmt.Errorf("%w: the database cannot be written; check the permissions of the file and its folder: %w", event.ErrUnavailable, err)
	case lib.SQLITE_CANTOPEN:
		return fmt.Errorf("%w: the files of the database cannot be opened; check their owner and mode, and the limit of open files: %w", event.ErrUnavailable, err)
	}
	if Passing(err) {
		return fmt.Errorf("%w: %w", event.ErrUnavailable, err)
	}
	return err
}

// ExplainOpen says what is wrong with a database that cannot be opened, and
// what to do.
func ExplainOpen(path string, err error) error {
	switch Code(err) {
	case lib.SQLITE_NOTADB:
		return fmt.Errorf("open store %q: the file is not a SQLite database; name another file or move this one away: %w", path, err)
	case lib.SQLITE_CORRUPT:
		return Damaged(path, err)
	case lib.SQLITE_CANTOPEN, lib.SQLITE_PERM, lib.SQLITE_AUTH:
		return fmt.Errorf("open store %q: no permission to open the file or to create files beside it; check the owner and mode of both: %w", path, err)
	case lib.SQLITE_READONLY:
		return fmt.Errorf("open store %q: the database is read-only; make the file and its folder writable for this user: %w", path, err)
	}
	return fmt.Errorf("open store %q: %w", path, Explain(err))
}

// Damaged says what to do with a damaged database.
func Damaged(path string, err error) error {
	return fmt.Errorf("open store %[1]q: the database is damaged: %[2]w\n"+
		"Restore a backup with: gavel restore BACKUP --database sqlite:%[1]s --force (the damaged files are kept aside).\n"+
		"Without a backup, save what can be read with the command .recover of the sqlite3 shell, and start on that file.\n"+
		"If you have copied a backup over the database yourself, its old -wal file may have damaged it: restore the backup once more", path, err)
}
