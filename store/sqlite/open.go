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
	lib "modernc.org/sqlite/lib"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/reader"
)

// Options are the settings of a store. The zero value is fit for a command
// that looks at a database or changes a single run.
type Options struct {
	// Exclusive takes the serve lock, on the file itself and on <file>.lock,
	// which only one process can hold, checks the database after an unclean stop,
	// and gives back the runs that a dead process was carrying out.
	Exclusive bool
	// ReadOnly writes nothing at all, so that the file, and as far as SQLite can
	// the folder, need not be writable. What would write answers
	// event.ErrUnavailable.
	ReadOnly bool
	// KeepSchema refuses a database with an older schema instead of bringing it
	// up to date; ReadOnly does so as well.
	KeepSchema bool
	anySchema  bool // also an older one, with ReadOnly
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
	*reader.Reader
	path    string // as it was given
	file    string // without symbolic links
	clock   func() time.Time
	lock    *flock.Flock // nil unless exclusive
	guard   guard
	writer  *writer // nil when only reading
	read    *sql.DB
	reads   access // how read does
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
	if err := checkPath(path, o); err != nil {
		return nil, err
	}
	file, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, fmt.Errorf("open store %q: %w", path, err)
	}
	s := &Store{path: path, file: file, guard: guard{path: file}, clock: o.Clock}
	if s.clock == nil {
		s.clock = time.Now
	}
	s.Reader = reader.New(reader.SQLite(), s.query, s.query, s.clock)
	if err := s.open(ctx, o); err != nil {
		_ = s.Close() // the first error is the one to tell
		return nil, err
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, o Options) error {
	lock := flock.New(s.file+".lock", flock.SetPermissions(fileMode))
	doubtful, err := s.hold(lock, o)
	if err != nil {
		return err
	}
	if o.ReadOnly {
		return s.openReading(ctx, o)
	}
	if err := s.prepare(ctx, lock, o, doubtful && o.Exclusive); err != nil {
		return err
	}
	read, err := sqlite.NewConnector(dsn(s.file, reading))
	if err != nil {
		return fmt.Errorf("open store %q: %w", s.path, err)
	}
	s.read, s.reads = pool(read, readers), reading
	return s.openWriting(ctx, o)
}

func (s *Store) openWriting(ctx context.Context, o Options) error {
	write, err := sqlite.NewConnector(dsn(s.file, writing))
	if err != nil {
		return fmt.Errorf("open store %q: %w", s.path, err)
	}
	raw, err := write.Connect(ctx)
	if err != nil {
		return explainOpen(s.path, err)
	}
	session, err := newSession(newConn(raw), o)
	if err != nil {
		return explainOpen(s.path, err)
	}
	if s.guard.held != nil {
		if err := s.mark(session); err != nil {
			return explainOpen(s.path, errors.Join(err, session.close()))
		}
	}
	if s.writer, err = newWriter(session, &s.guard, o); err != nil {
		return explainOpen(s.path, err)
	}
	return nil
}

// hold takes the serve lock if it is wanted, and looks at the files before
// SQLite does. The file stays open until SQLite has closed it: closing it
// earlier would end SQLite's own locks.
func (s *Store) hold(lock *flock.Flock, o Options) (doubtful bool, err error) {
	if !o.Exclusive {
		f, err := os.Open(s.file)
		if err != nil {
			return false, fmt.Errorf("open store %q: %w", s.path, err)
		}
		defer func() { _ = f.Close() }() // only read
		doubtful, err := inspect(s.file, lock.Path(), f)
		if err != nil {
			return false, fmt.Errorf("open store %q: %w", s.path, err)
		}
		return doubtful, nil
	}
	taken, err := lock.TryLock()
	if err != nil {
		return false, fmt.Errorf("open store %q: lock %q: %w; check the permissions of the folder", s.path, lock.Path(), err)
	}
	if !taken {
		return false, fmt.Errorf("open store %q: another process serves from it and holds %q; stop that one first, or use PostgreSQL to share the work", s.path, lock.Path())
	}
	s.lock = lock
	if s.guard.held, err = os.OpenFile(s.file, os.O_RDWR, 0); err != nil {
		return false, fmt.Errorf("open store %q: %w", s.path, err)
	}
	if taken, err = lockFile(s.guard.held); err != nil {
		return false, fmt.Errorf("open store %q: lock the file: %w", s.path, err)
	}
	if !taken {
		return false, fmt.Errorf("open store %q: another process serves from this file, perhaps under another name; stop that one first, or use PostgreSQL to share the work", s.path)
	}
	if doubtful, err = inspect(s.file, lock.Path(), s.guard.held); err != nil {
		return false, fmt.Errorf("open store %q: %w", s.path, err)
	}
	return doubtful, nil
}

// prepare checks the database if it is doubtful, and brings the schema up to
// date, over a connection of its own.
func (s *Store) prepare(ctx context.Context, lock *flock.Flock, o Options, doubtful bool) error {
	c, err := sqlite.NewConnector(dsn(s.file, writing))
	if err != nil {
		return fmt.Errorf("open store %q: %w", s.path, err)
	}
	db := pool(c, 1)
	if doubtful {
		err = s.checkDoubtful(ctx, db)
	}
	if err == nil {
		err = migrate(ctx, db, s.path, lock, o.KeepSchema)
	}
	if err := db.Close(); err != nil {
		return explainOpen(s.path, err)
	}
	return err
}

func (s *Store) checkDoubtful(ctx context.Context, db *sql.DB) error {
	info, err := s.guard.held.Stat()
	if err != nil {
		return fmt.Errorf("open store %q: %w", s.path, err)
	}
	problem, err := checkContent(ctx, db, info.Size())
	if err != nil {
		return explainOpen(s.path, err)
	}
	if problem != "" {
		return damagedAtOpen(s.path, errors.New(problem))
	}
	return nil
}

// openReading opens the database without writing to it, nor to its folder
// where SQLite can do without.
func (s *Store) openReading(ctx context.Context, o Options) error {
	for _, how := range []access{reading, unchanging} {
		c, err := sqlite.NewConnector(dsn(s.file, how))
		if err != nil {
			return fmt.Errorf("open store %q: %w", s.path, err)
		}
		db := pool(c, readers)
		err = current(ctx, db, s.path, o.anySchema)
		if err == nil {
			s.read, s.reads = db, how
			return nil
		}
		_ = db.Close() // the first error is the one to tell
		if how == unchanging || code(err) != lib.SQLITE_CANTOPEN && code(err) != lib.SQLITE_READONLY || s.logged() {
			return err
		}
		// SQLite wants to create files beside the database, and cannot. No
		// process has it open, or they would be there.
	}
	return nil
}

// logged reports whether there is a write-ahead log beside the database.
func (s *Store) logged() bool {
	info, err := os.Stat(s.file + "-wal")
	return err == nil && info.Size() > 0
}

// checkPath finds what SQLite would only call "unable to open".
func checkPath(path string, o Options) error {
	if path == "" {
		return errors.New("open store: no file is named")
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
	if o.ReadOnly {
		return nil
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

// access is how a connection uses the database.
type access int

const (
	writing access = iota
	reading
	// unchanging reads a file that nobody writes, in a folder that cannot be
	// written.
	unchanging
	// alone is for a file that nobody else knows of.
	alone
)

func dsn(path string, how access) string {
	v := url.Values{}
	v.Set("_error_rc", "1")
	v.Set("_dqs", "0")
	v.Set("_busy_timeout", fmt.Sprint(busyTimeout.Milliseconds()))
	switch how {
	case writing:
		v.Set("mode", "rw")
		v.Set("_journal_mode", "WAL")
		v.Set("_synchronous", "FULL")
	case alone:
		v.Set("mode", "rw")
	case unchanging:
		v.Set("immutable", "1")
		fallthrough
	case reading:
		v.Set("mode", "ro")
		v.Set("_query_only", "1")
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
		if s.guard.held != nil {
			if s.writer != nil && errors.Join(errs...) == nil {
				errs = append(errs, s.stopped())
			}
			errs = append(errs, s.guard.held.Close())
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
	if s.writer != nil {
		s.writer.ObserveCommits(listener)
	}
}

// Woken receives when another process has written to the database, or when a
// run that was held back has become free.
func (s *Store) Woken() <-chan struct{} {
	if s.writer == nil {
		return nil
	}
	return s.writer.woken
}

// Footing has nothing to tell: the clock is the machine's own, and every
// commit is synced.
func (s *Store) Footing(context.Context) (event.Footing, error) { return event.Footing{}, nil }
