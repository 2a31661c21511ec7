// Package sqlite keeps events, runs and attempts in one SQLite file, without
// cgo. It is the store of a single machine.
//
// All writing goes through one connection that a single goroutine owns. It
// takes what callers have queued, carries it out in one transaction and
// answers each of them after the commit, so that many callers share one sync
// of the disk:
//
//	Accept ─┐
//	Record ─┼─► queue ─► writer: BEGIN … COMMIT ─► answers
//	Claim  ─┘
//
// Reading goes through connections of its own and never waits for the writer.
package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"modernc.org/sqlite"
)

// Options are the settings of a store. The zero value is fit for a command
// that looks at a database or changes a single run.
type Options struct {
	// Exclusive takes the serve lock, <file>.lock, which only one process can
	// hold, and gives back the runs that a dead process was carrying out.
	Exclusive bool
	// MustExist refuses to create a missing database.
	MustExist bool
	// MaxBytes bounds the size of the database file; 0 means the disk does.
	// A store that has reached it answers event.ErrUnavailable.
	MaxBytes int64
	// WatchEvery is how often an exclusive store looks whether another process
	// has written; 0 means every second.
	WatchEvery time.Duration
	// Clock is asked where the caller gives no time; nil means time.Now.
	Clock func() time.Time
}

// Store is a SQLite database. It satisfies the engine's Store, and serves the
// command line and the console besides.
type Store struct {
	path    string
	clock   func() time.Time
	lock    *flock.Flock // nil unless exclusive
	writer  *writer
	read    *sql.DB
	closing sync.Once
	closed  error
}

const (
	pageSize    = 4096
	busyTimeout = 5 * time.Second
	readers     = 4
	// fileMode keeps the events, which name people, from other users.
	fileMode = 0o600
)

// Open opens the database at path, creates it if it is missing, and brings its
// schema up to date. The folder must exist.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	if err := checkPath(path, o.MustExist); err != nil {
		return nil, err
	}
	s := &Store{path: path, clock: o.Clock}
	if s.clock == nil {
		s.clock = time.Now
	}
	if err := s.open(ctx, o); err != nil {
		_ = s.Close() // the first error is the one to tell
		return nil, err
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, o Options) error {
	lock := flock.New(s.path+".lock", flock.SetPermissions(fileMode))
	if o.Exclusive {
		held, err := lock.TryLock()
		if err != nil {
			return fmt.Errorf("open store %q: lock %q: %w; check the permissions of the folder", s.path, lock.Path(), err)
		}
		if !held {
			return fmt.Errorf("open store %q: another process serves from it and holds %q; stop that one first, or use PostgreSQL to share the work", s.path, lock.Path())
		}
		s.lock = lock
	}
	if err := prepare(ctx, s.path, lock); err != nil {
		return err
	}
	read, err := sqlite.NewConnector(dsn(s.path, true))
	if err != nil {
		return fmt.Errorf("open store %q: %w", s.path, err)
	}
	s.read = pool(read, readers)
	write, err := sqlite.NewConnector(dsn(s.path, false))
	if err != nil {
		return fmt.Errorf("open store %q: %w", s.path, err)
	}
	raw, err := write.Connect(ctx)
	if err != nil {
		return explainOpen(s.path, err)
	}
	if s.writer, err = newWriter(newConn(raw), o); err != nil {
		return explainOpen(s.path, err)
	}
	return nil
}

// prepare brings the schema up to date over a connection of its own.
func prepare(ctx context.Context, path string, lock *flock.Flock) error {
	c, err := sqlite.NewConnector(dsn(path, false))
	if err != nil {
		return fmt.Errorf("open store %q: %w", path, err)
	}
	db := pool(c, 1)
	err = migrate(ctx, db, path, lock)
	if err := db.Close(); err != nil {
		return explainOpen(path, err)
	}
	return err
}

// checkPath finds what SQLite would only call "unable to open".
func checkPath(path string, mustExist bool) error {
	if path == "" {
		return errors.New("open store: no file is named")
	}
	folder := filepath.Dir(path)
	switch info, err := os.Stat(folder); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("open store %q: the folder %q does not exist; create it first", path, folder)
	case err != nil:
		return fmt.Errorf("open store %q: %w", path, err)
	case !info.IsDir():
		return fmt.Errorf("open store %q: %q is not a folder", path, folder)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && mustExist:
		return fmt.Errorf("open store %q: there is no such database: %w", path, err)
	case errors.Is(err, fs.ErrNotExist):
		// SQLite gives the files beside the database the same mode.
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, fileMode)
		if err != nil {
			return fmt.Errorf("open store %q: create it: %w", path, err)
		}
		return f.Close()
	case err != nil:
		return fmt.Errorf("open store %q: %w", path, err)
	case info.IsDir():
		return fmt.Errorf("open store %q: it is a folder; name a file", path)
	}
	return checkAccess(path)
}

// checkAccess opens the file for writing, which tells more than SQLite would.
func checkAccess(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("open store %q: the database cannot be written; make the file and its folder writable for this user: %w", path, err)
	}
	return f.Close()
}

func dsn(path string, readOnly bool) string {
	v := url.Values{}
	v.Set("_error_rc", "1")
	v.Set("_dqs", "0")
	v.Set("_busy_timeout", fmt.Sprint(busyTimeout.Milliseconds()))
	if readOnly {
		v.Set("mode", "ro")
		v.Set("_query_only", "1")
	} else {
		v.Set("mode", "rw")
		v.Set("_journal_mode", "WAL")
		v.Set("_synchronous", "FULL")
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: v.Encode()}
	return u.String()
}

func pool(c driver.Connector, connections int) *sql.DB {
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db
}

// Close finishes what is queued and closes the database. Calling it again does
// nothing.
func (s *Store) Close() error {
	s.closing.Do(func() {
		var errs []error
		// The writer comes last: the last connection to close empties the
		// write-ahead log into the database, and readers may not.
		if s.read != nil {
			errs = append(errs, s.read.Close())
		}
		if s.writer != nil {
			errs = append(errs, s.writer.close())
		}
		if s.lock != nil {
			errs = append(errs, s.lock.Close())
		}
		if err := errors.Join(errs...); err != nil {
			s.closed = fmt.Errorf("close store %q: %w", s.path, err)
		}
	})
	return s.closed
}

// ObserveCommits names the one that is told of each commit, see batch.Commits.
func (s *Store) ObserveCommits(listener func(operations int, took time.Duration)) {
	s.writer.ObserveCommits(listener)
}

// Woken receives when another process has written to the database, or when a
// run that was held back has become free.
func (s *Store) Woken() <-chan struct{} { return s.writer.woken }
