package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"modernc.org/sqlite"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/sqlite/bulk"
	"github.com/gavel-rules/gavel/store/sqlite/conn"
	"github.com/gavel-rules/gavel/store/sqlite/guard"
	"github.com/gavel-rules/gavel/store/sqlite/schema"
	"github.com/gavel-rules/gavel/store/upgrade"
)

// absent is the error of a file that is not there, in words; it is
// fs.ErrNotExist.
type absent struct{}

func (absent) Error() string { return "there is no such database" }

func (absent) Is(target error) bool { return target == fs.ErrNotExist }

// checkPath explains what SQLite would only report as "unable to open".
func checkPath(path string, o Options) error {
	if path == "" {
		return errors.New("open store: no file name")
	}
	folder := filepath.Dir(path)
	switch info, err := os.Stat(folder); {
	case errors.Is(err, fs.ErrNotExist):
		return away{fmt.Errorf("open store %q: the folder %q does not exist; create it first", path, folder)}
	case err != nil:
		return fmt.Errorf("open store %q: %w", path, err)
	case !info.IsDir():
		return fmt.Errorf("open store %q: %q is not a folder", path, folder)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && (o.MustExist || o.ReadOnly):
		return fmt.Errorf("open store %q: %w", path, absent{})
	case errors.Is(err, fs.ErrNotExist):
		// SQLite gives the files beside the database the same mode.
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, guard.FileMode)
		if err != nil {
			return fmt.Errorf("open store %q: create it: %w", path, err)
		}
		return f.Close()
	case err != nil:
		return fmt.Errorf("open store %q: %w", path, err)
	case info.IsDir():
		return fmt.Errorf("open store %q: it is a folder; name a file", path)
	}
	if o.ReadOnly {
		return nil
	}
	return checkAccess(path)
}

// checkAccess opens the file for writing, because that error says more than
// SQLite's.
func checkAccess(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("open store %q: the database cannot be written; make the file and its folder writable for this user: %w", path, err)
	}
	return f.Close()
}

// away is an error that may be temporary, such as a disk that is not mounted
// yet.
type away struct{ error }

// Is implements the interface of errors.Is.
func (away) Is(target error) bool { return target == event.ErrUnavailable }

// Upgrade creates a database, or migrates its schema as o says, and nothing else.
func Upgrade(ctx context.Context, path string, o upgrade.Options) error {
	if err := checkPath(path, Options{}); err != nil {
		return err
	}
	return administer(path, conn.Writing, func(db *sql.DB, g *guard.Guard) error { return schema.Migrate(ctx, db, path, g.Lock, &o) })
}

// PlanUpgrade says what Upgrade would do. It changes nothing.
func PlanUpgrade(ctx context.Context, path string, to int64) (report *upgrade.Report, err error) {
	if err := checkPath(path, Options{ReadOnly: true}); err != nil {
		return nil, err
	}
	err = administer(path, conn.Reading, func(db *sql.DB, _ *guard.Guard) error {
		s, _, err := schema.Look(ctx, db, path)
		if err != nil {
			return err
		}
		if report, err = s.Report(ctx, db, to); err != nil {
			return fmt.Errorf("open store %q: %w", path, err)
		}
		return nil
	})
	return report, err
}

func administer(path string, how conn.Access, do func(*sql.DB, *guard.Guard) error) error {
	file, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("open store %q: %w", path, err)
	}
	g := guard.New(file)
	if _, err := g.Look(false); err != nil {
		return fmt.Errorf("open store %q: %w", path, err)
	}
	c, err := sqlite.NewConnector(conn.DSN(file, how))
	if err != nil {
		return fmt.Errorf("open store %q: %w", path, err)
	}
	db := conn.Pool(c, 1)
	return errors.Join(do(db, g), db.Close())
}

// OpenTables opens a database to be copied or, with target, to be copied into;
// then it may be missing. Nobody can serve it meanwhile.
func OpenTables(ctx context.Context, path string, target bool) (*bulk.Tables, error) {
	if err := checkPath(path, Options{MustExist: !target}); err != nil {
		return nil, err
	}
	file, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, fmt.Errorf("open store %q: %w", path, err)
	}
	g := guard.New(file)
	if _, err := g.Look(true); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %q: %w", path, err), g.Close(false))
	}
	c, err := sqlite.NewConnector(conn.DSN(file, conn.Writing))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store %q: %w", path, err), g.Close(false))
	}
	db := conn.Pool(c, 2)
	s, err := schema.ToCopy(ctx, db, path, target)
	if err != nil {
		return nil, errors.Join(err, db.Close(), g.Close(false))
	}
	return bulk.New(db, g, s), nil
}
