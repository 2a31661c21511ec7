// Package sqlite stores events, runs and attempts in one SQLite file, without
// cgo. It is the store of a single machine.
//
// All writes use one connection that a single goroutine owns. It takes what
// callers of Accept, Record and Claim have queued, carries it out in one
// transaction and answers each of them after the commit, so that many callers
// share one sync of the disk.
//
// Reads use their own connections and never wait for the writer.
package sqlite

import (
	"cmp"
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
	"github.com/gavel-rules/gavel/store/internal/lexicon"
	"github.com/gavel-rules/gavel/store/internal/reader"
	"github.com/gavel-rules/gavel/store/sqlite/conn"
	"github.com/gavel-rules/gavel/store/sqlite/guard"
	"github.com/gavel-rules/gavel/store/sqlite/schema"
	"github.com/gavel-rules/gavel/store/sqlite/space"
	"github.com/gavel-rules/gavel/store/upgrade"
)

// Options are the settings of a store. The zero value suits a command that
// reads a database or changes a single run.
type Options struct {
	// Exclusive takes the serve lock, on the file itself and on <file>.lock,
	// which only one process can hold, checks the database after an unclean
	// stop, and releases the runs that a dead process was carrying out.
	Exclusive bool
	// ReadOnly writes nothing, so that the file, and where SQLite allows it
	// the folder, need not be writable. Writes return event.ErrUnavailable.
	ReadOnly bool
	// KeepSchema rejects a database with an older schema instead of migrating
	// it; ReadOnly does so as well.
	KeepSchema bool
	// Tell is called for each step of a migration, unless it is nil.
	Tell      func(upgrade.Progress)
	anySchema bool // also an older one, with ReadOnly
	// MustExist refuses to create a missing database.
	MustExist bool
	// MaxBytes bounds the size of the database file; 0 means no limit. At the
	// limit, writes return event.ErrUnavailable.
	MaxBytes int64
	// WatchEvery is how often an exclusive store checks whether another
	// process has written; 0 means every second.
	WatchEvery time.Duration
	// LogPages is how many pages of 4 KiB the write-ahead log of an exclusive
	// store may have before they are written into the database; 0 means 16,000.
	LogPages int
	// CacheBytes is how much memory SQLite may use for pages and all else; 0 means
	// what is best for throughput.
	CacheBytes int64
	// PlainLog lets SQLite write its log by itself, page by page.
	PlainLog bool
	// Clock is used where the caller passes no time; nil means time.Now.
	Clock func() time.Time
}

// Store is a SQLite database. It implements store.Store.
type Store struct {
	*reader.Reader
	path        string // as it was given
	file        string // without symbolic links
	clock       func() time.Time
	guard       *guard.Guard
	writer      *writer       // nil when only reading
	checkpoints *checkpointer // nil unless exclusive
	read        *sql.DB
	reads       conn.Access // how read does
	recent      lexicon.Recent
	closing     sync.Once
	closed      error
}

const (
	pageSize = 4096
	readers  = 4
)

// Open opens the database at path, creates it if it is missing, and migrates
// its schema. The folder must exist.
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
		_ = s.Close() // return the first error
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
	how := conn.Gathering
	if o.PlainLog {
		how = conn.Writing
	}
	write, err := sqlite.NewConnector(conn.DSN(s.file, how))
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
	if o.Exclusive {
		if err := s.startCheckpoints(ctx, cmp.Or(o.LogPages, checkpointAt)); err != nil {
			return conn.ExplainOpen(s.path, err)
		}
	}
	return nil
}

// prepare checks the database if it is doubtful, and migrates the schema, on
// its own connection.
func (s *Store) prepare(ctx context.Context, o Options, doubtful bool) error {
	if err := space.Prepare(ctx, s.file); err != nil {
		return conn.ExplainOpen(s.path, err)
	}
	c, err := sqlite.NewConnector(conn.DSN(s.file, conn.Writing))
	if err != nil {
		return fmt.Errorf("open store %q: %w", s.path, err)
	}
	db := conn.Pool(c, 1)
	if doubtful {
		err = s.checkDoubtful(ctx, db)
	}
	if err == nil {
		var how *upgrade.Options
		if !o.KeepSchema {
			how = &upgrade.Options{Tell: o.Tell}
		}
		err = schema.Migrate(ctx, db, s.path, s.guard.Lock, how)
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
// where SQLite allows that.
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
		_ = db.Close() // return the first error
		if how == conn.Unchanging || conn.Code(err) != lib.SQLITE_CANTOPEN && conn.Code(err) != lib.SQLITE_READONLY || s.logged() {
			return err
		}
		// SQLite cannot create files beside the database. No other process has
		// it open, or they would exist.
	}
	return nil
}

// logged reports whether there is a write-ahead log beside the database.
func (s *Store) logged() bool {
	info, err := os.Stat(s.file + "-wal")
	return err == nil && info.Size() > 0
}

// Close finishes what is queued and closes the database. It can be called
// again.
func (s *Store) Close() error {
	s.closing.Do(func() {
		var errs []error
		// The writer closes last: the last connection writes the write-ahead
		// log into the database, which readers may not.
		if s.read != nil {
			errs = append(errs, s.read.Close())
		}
		errs = append(errs, s.checkpoints.close())
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

// ObserveCommits sets the listener for commits, see batch.Commits.
func (s *Store) ObserveCommits(listener func(operations int, took time.Duration)) {
	if s.writer != nil {
		s.writer.ObserveCommits(listener)
	}
}

// Woken receives when another process has written to the database, or when a
// run that was held back becomes free.
func (s *Store) Woken() <-chan struct{} {
	if s.writer == nil {
		return nil
	}
	return s.writer.woken
}

// Footing has nothing to report: the clock is the machine's own, and every
// commit is synced.
func (s *Store) Footing(context.Context) (event.Footing, error) { return event.Footing{}, nil }

// explain explains an error of a reader; if it is damage, writing ends too.
func (s *Store) explain(err error) error { return conn.Explain(s.guard.Damaged(err)) }
