// Package space handles the size of a SQLite file: how much of it holds
// nothing, and how that goes back to the disk.
package space

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"modernc.org/sqlite"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/diskspace"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/sqlite/conn"
	"github.com/gavel-rules/gavel/store/sqlite/guard"
	"github.com/gavel-rules/gavel/store/sqlite/schema"
)

const (
	// A twentieth of the file, and at least sparePages, is kept for new events,
	// so that it does not shrink and grow all day.
	spare      = 20
	sparePages = 256
	// shrinking lets a file get smaller again. It must be set before there is
	// anything in it, or be followed by VACUUM.
	shrinking = "PRAGMA auto_vacuum = INCREMENTAL"
)

// Layout is what SQLite says of its file: in pages, but PageSize in bytes.
type Layout struct {
	PageSize, Pages, Free int64
	Shrinks               bool // a part at a time
}

// Text is the query for a Layout, which Scan reads.
const Text = `SELECT page_size, page_count, freelist_count, auto_vacuum <> 0
	FROM pragma_page_size, pragma_page_count, pragma_freelist_count, pragma_auto_vacuum`

// Scan reads the result of Text.
func (l *Layout) Scan(row ledger.Scanner) error {
	return row.Scan(&l.PageSize, &l.Pages, &l.Free, &l.Shrinks)
}

// Surplus returns how many pages are free and not kept for new events.
func (l *Layout) Surplus() int64 {
	if !l.Shrinks {
		return 0
	}
	return max(0, l.Free-max(sparePages, l.Pages/spare))
}

// Size returns the size of a file with this layout.
func (l *Layout) Size(file string) event.Size {
	out := event.Size{Database: l.Pages * l.PageSize, Reusable: l.Free * l.PageSize, Fixed: !l.Shrinks}
	for suffix, size := range map[string]*int64{"": &out.Database, "-wal": &out.Log} {
		if info, err := os.Stat(file + suffix); err == nil {
			*size = max(*size, info.Size()) // some of it may be in the log only
		}
	}
	out.DiskFree, out.Disk = diskspace.Of(file)
	return out
}

// Give returns the statement that gives up to that many pages back.
func Give(pages int64) string { return fmt.Sprintf("PRAGMA incremental_vacuum(%d)", pages) }

// Prepare lets a file shrink in which nothing is yet.
func Prepare(ctx context.Context, file string) error {
	if info, err := os.Stat(file); err != nil || info.Size() > 0 {
		return err
	}
	return with(file, conn.Alone, func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, shrinking)
		if err == nil {
			_, err = db.ExecContext(ctx, "PRAGMA journal_mode = WAL") // writes the first page
		}
		return err
	})
}

// Copied lets the copies that a connection makes shrink.
func Copied(ctx context.Context, db *sql.DB) error {
	var l Layout
	if err := l.Scan(db.QueryRowContext(ctx, Text)); err != nil || l.Shrinks {
		return err
	}
	_, err := db.ExecContext(ctx, shrinking) // the file itself stays as it is
	return err
}

// Compact rewrites a database without free space, so that it can shrink by
// itself from then on, and returns its size before and after. It needs as much
// free space as the database, and refuses while it is served. If it fails, the
// database is as it was.
func Compact(ctx context.Context, path string) (before, after event.Size, err error) {
	if _, err := os.Stat(path); err != nil {
		return before, after, fmt.Errorf("compact %q: there is no such database: %w", path, err)
	}
	err = guard.WhileFree(path, func() error {
		// Before the file is opened for writing: it may be another program's.
		if err := with(path, conn.Alone, func(db *sql.DB) error { return schema.Verify(ctx, db, path) }); err != nil {
			return err
		}
		return with(path, conn.Writing, func(db *sql.DB) error {
			before, after, err = compact(ctx, db, path)
			return err
		})
	})
	if err != nil {
		return before, after, fmt.Errorf("compact %q: %w", path, conn.Explain(err))
	}
	return before, after, nil
}

func compact(ctx context.Context, db *sql.DB, path string) (before, after event.Size, err error) {
	var l Layout
	if err := l.Scan(db.QueryRowContext(ctx, Text)); err != nil {
		return before, after, err
	}
	before = l.Size(path)
	// VACUUM writes the new database into a temporary file and the log.
	if need := 2 * (l.Pages - l.Free) * l.PageSize; before.Disk > 0 && before.DiskFree < need {
		return before, after, fmt.Errorf("it needs up to %s on the disk, which has %s free; make room first",
			diskspace.Words(need), diskspace.Words(before.DiskFree))
	}
	for _, text := range []string{shrinking, "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := db.ExecContext(ctx, text); err != nil {
			return before, after, err
		}
	}
	err = l.Scan(db.QueryRowContext(ctx, Text))
	return before, l.Size(path), err
}

// with calls do with the only connection to a file.
func with(file string, how conn.Access, do func(*sql.DB) error) error {
	c, err := sqlite.NewConnector(conn.DSN(file, how))
	if err != nil {
		return err
	}
	db := conn.Pool(c, 1)
	return errors.Join(do(db), db.Close())
}
