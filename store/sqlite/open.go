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
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/reader"
	"github.com/gavel-rules/gavel/store/sqlite/conn"
	"github.com/gavel-rules/gavel/store/sqlite/guard"
	"github.com/gavel-rules/gavel/store/sqlite/schema"
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
	guard   *guard.Guard
	writer  *writer // nil when only reading
	read    *sql.DB
	reads   conn.Access // how read does
	closing sync.Once
	closed  error
}

const (
	pageSize = 4096
	readers  = 4
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
	s := &Store{path: path, file: file, guard: guard.New(file), clock: o.Clock}
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
	doubtful, err := s.guard.Look(o.Exclusive)
	if err != nil {
		return fmt.Errorf("open store %q: %w", s.path, err)
	}
	if o.ReadOnly {
		return s.openReading(ctx, o)
	}
	if err := s.prepare(ctx, o, doubtful && o.Exclusive); err != nil {
		return err
	}
	read, err := sqlite.NewConnector(conn.DSN(s.file, conn.Reading))
	if err != nil {
		return fmt.Errorf("open store %q: %w", s.path, err)
	}
	s.read, s.reads = conn.Pool(read, readers), conn.Reading
	return s.openWriting(ctx, o)
}

func (s *Store) openWriting(ctx context.Context, o Options) error {
	write, err := sqlite.NewConnector(conn.DSN(s.file, conn.Writing))
	if err != nil {
		return fmt.Errorf("open store %q: %w", s.path, err)
	}
	raw, err := write.Connect(ctx)
	if err != nil {
		return conn.ExplainOpen(s.path, err)
	}
	session, err := newSession(conn.New(raw), o)
	if err != nil {
		return conn.ExplainOpen(s.path, err)
	}
	if o.Exclusive {
		if err := s.guard.Mark(session.generation); err != nil {
			return conn.ExplainOpen(s.path, errors.Join(err, session.Close()))
		}
	}
	if s.writer, err = newWriter(session, s.guard, o); err != nil {
		return conn.ExplainOpen(s.path, err)
	}
	return nil
}

// prepare checks the database if it is doubtful, and brings the schema up to
// date, over a connection of its own.
func (s *Store) prepare(ctx context.Context, o Options, doubtful bool) error {
	c, err := sqlite.NewConnector(conn.DSN(s.file, conn.Writing))
	if err != nil {
		return fmt.Errorf("open store %q: %w", s.path, err)
	}
	db := conn.Pool(c, 1)
	if doubtful {
		err = s.checkDoubtful(ctx, db)
	}
	if err == nil {
		err = schema.Migrate(ctx, db, s.path, s.guard.Lock, o.KeepSchema)
	}
	if err := db.Close(); err != nil {
		return conn.ExplainOpen(s.path, err)
	}
	return err
}

func (s *Store) checkDoubtful(ctx context.Context, db *sql.DB) error {
	problem, err := s.guard.CheckContent(ctx, db)
	if err != nil {
		return conn.ExplainOpen(s.path, err)
	}
	if problem != "" {
		return conn.Damaged(s.path, errors.New(problem))
	}
	return nil
}

// openReading opens the database without writing to it, nor to its folder
// where SQLite can do without.
func (s *Store) openReading(ctx context.Context, o Options) error {
	for _, how := range []conn.Access{conn.Reading, conn.Unchanging} {
		c, err := sqlite.NewConnector(conn.DSN(s.file, how))
		if err != nil {
			return fmt.Errorf("open store %q: %w", s.path, err)
		}
		db := conn.Pool(c, readers)
		err = schema.Current(ctx, db, s.path, o.anySchema)
		if err == nil {
			s.read, s.reads = db, how
			return nil
		}
		_ = db.Close() // the first error is the one to tell
		if how == conn.Unchanging || conn.Code(err) != lib.SQLITE_CANTOPEN && conn.Code(err) != lib.SQLITE_READONLY || s.logged() {
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
		errs = append(errs, s.guard.Close(s.writer != nil && errors.Join(errs...) == nil))
		if err := errors.Join(errs...); err != nil {
			s.closed = fmt.Errorf("close store %q: %w", s.path, err)
		}
	})
	return s.closed
}

// ObserveCommits names the one that is notified of each commit, see batch.Commits.
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

// explain puts into words what readers met: damage that one of them finds ends
// the writing too.
func (s *Store) explain(err error) error { return conn.Explain(s.guard.Damaged(err)) }
