// Package postgres stores events, runs and attempts in PostgreSQL, where any
// number of Gavel processes share the work.
//
// Accept and Record are collected in batches, each of which is one transaction
// of two round trips: the first takes the locks and reads what the decisions
// depend on, the second writes and commits. One committer
// works; others help while many wait or when it hangs.
//
// Everything that orders the events and runs of one meeting holds an advisory
// lock of that meeting until its transaction ends, so that two machines never
// decide about a meeting at the same time. Locks are always taken in the same
// order.
//
// Leases use the server's clock, see clock.go.
package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/gavel-rules/gavel/store/internal/batch"
	"github.com/gavel-rules/gavel/store/internal/lexicon"
	"github.com/gavel-rules/gavel/store/internal/reader"
	"github.com/gavel-rules/gavel/store/postgres/bulk"
	"github.com/gavel-rules/gavel/store/postgres/server"
	"github.com/gavel-rules/gavel/store/upgrade"
)

// Options are the settings of a store. The zero value works for every use.
type Options struct {
	// Connections is the maximum number of connections to the server, plus one
	// that listens; 0 means 12.
	Connections int
	// ReadOnly writes nothing, so that read permission, or a replica, is
	// enough. Writes fail.
	ReadOnly bool
	// KeepSchema rejects a database with an older schema instead of migrating
	// it; ReadOnly does so as well.
	KeepSchema bool
	// Tell is called for each step of a migration, unless it is nil.
	Tell func(upgrade.Progress)
	// Clock is used where the caller passes no time; nil means time.Now.
	Clock func() time.Time

	application string // the name of its connections; empty means gavel
}

// Store is a PostgreSQL database. It implements store.Store.
type Store struct {
	batch.Commits
	*reader.Reader
	dialect reader.Dialect
	pool    *pgxpool.Pool
	queue   *batch.Queue[*task]
	clock   func() time.Time
	self    string // identifies own notifications
	woken   chan struct{}

	stop    context.CancelFunc // ends the listener
	listens sync.WaitGroup
	closing sync.Once

	mu    sync.Mutex
	lost  []int64              // handovers whose response was lost, see claim.go
	used  map[string]time.Time // revision → when its use was last stored
	owner string               // of this process' leases, see presence.go; empty until it claims
	again func()               // makes the listener reconnect

	tallies    int           // its group of rows for counts
	counted    atomic.Uint32 // transactions that took one of them
	newestSpan atomic.Int64  // of the counts written
	straggled  atomic.Int64  // when Index last looked for stragglers, UnixNano
	recent     lexicon.Recent
}

const (
	connections    = 12
	committers     = 4
	connectTimeout = 10 * time.Second
	// maxBatch bounds the advisory locks of one transaction: the server's lock
	// table is shared.
	maxBatch = 64
	// patience bounds one transaction or statement, so that a network that
	// drops packets is noticed.
	patience = 15 * time.Second
)

// Open connects to the database, and migrates its schema. Several processes
// may do so at the same time.
func Open(ctx context.Context, url string, o Options) (*Store, error) {
	pool, err := connect(ctx, url, o)
	if err != nil {
		return nil, err
	}
	config := pool.Config()
	if err := server.Prepare(ctx, pool, o.ReadOnly, o.KeepSchema, upgrade.Options{Tell: o.Tell}); err != nil {
		pool.Close()
		return nil, server.ExplainOpen(config.ConnConfig, err)
	}
	s := &Store{
		pool: pool, clock: o.Clock,
		self:  fmt.Sprintf("%016x", rand.Uint64()),
		woken: make(chan struct{}, 1), tallies: rand.IntN(tallyGroups),
		used: map[string]time.Time{},
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	s.dialect = reader.Postgres(shifted("$1", "$1"))
	s.Reader = reader.New(s.dialect, s.query, s.look, s.clock)
	s.queue = batch.New(committers, maxBatch, s.carryOut)
	listening, stop := context.WithCancel(context.Background())
	s.stop = stop
	if o.ReadOnly {
		return s, nil // a replica sends no notifications
	}
	s.listens.Go(func() { s.listen(listening, config.ConnConfig) })
	s.listens.Go(func() { s.lookAround(listening) })
	return s, nil
}

// connect opens the connections to a database.
func connect(ctx context.Context, url string, o Options) (*pgxpool.Pool, error) {
	if err := server.CheckURL(url); err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("open store: the database URL cannot be read; it must look like postgres://user:password@host:5432/database, with special characters of the password percent-encoded")
	}
	config.MaxConns = connections
	if o.Connections > 0 {
		config.MaxConns = int32(min(o.Connections, 10_000))
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = cmp.Or(o.application, "gavel")
	}
	config.AfterConnect = begin
	if o.ReadOnly {
		config.AfterConnect = beginReading
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, server.ExplainOpen(config.ConnConfig, err)
	}
	if err := server.RefusePooler(ctx, pool); err != nil {
		pool.Close()
		return nil, server.ExplainOpen(config.ConnConfig, err)
	}
	return pool, nil
}

// Upgrade migrates the schema of a database as o says, and nothing else.
func Upgrade(ctx context.Context, url string, o upgrade.Options) error {
	return administer(ctx, url, func(pool *pgxpool.Pool) error { return server.Up(ctx, pool, o) })
}

// PlanUpgrade says what Upgrade would do. It changes nothing.
func PlanUpgrade(ctx context.Context, url string, to int64) (report *upgrade.Report, err error) {
	err = administer(ctx, url, func(pool *pgxpool.Pool) error {
		report, err = server.Plan(ctx, pool, to)
		return err
	})
	return report, err
}

func administer(ctx context.Context, url string, do func(*pgxpool.Pool) error) error {
	pool, err := connect(ctx, url, Options{Connections: 4})
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := do(pool); err != nil {
		return server.ExplainOpen(pool.Config().ConnConfig, err)
	}
	return nil
}

// OpenTables opens a database to be copied or, with target, to be copied into;
// then its tables may be missing.
func OpenTables(ctx context.Context, url string, target bool) (*bulk.Tables, error) {
	pool, err := connect(ctx, url, Options{Connections: 4, application: bulk.Application})
	if err != nil {
		return nil, err
	}
	s, st, err := server.Look(ctx, pool)
	if err == nil && target && st.Schema == 0 {
		err = server.Up(ctx, pool, upgrade.Options{})
	} else if err == nil {
		err = st.Same()
	}
	if err != nil {
		pool.Close()
		return nil, server.ExplainOpen(pool.Config().ConnConfig, err)
	}
	return bulk.New(pool, s, presenceSpace), nil
}

// begin sets what every connection needs.
//
// The planner must not read whole tables. Plans are cached, and one made while
// a table was nearly empty, as the lanes mostly are, would keep reading all of
// it while a backlog grows.
//
// Compiling a plan takes longer than most of them run, and a plan that had to
// read a whole table would always be compiled.
//
// A commit is on disk before it is answered, whatever the server, the database
// or the role has set, because a 200 promises that.
func begin(ctx context.Context, conn *pgx.Conn) error {
	const text = `SELECT set_config('enable_seqscan', 'off', false), set_config('jit', 'off', false),
		CASE WHEN current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')
			THEN set_config('synchronous_commit', 'on', false) END`
	_, err := conn.Exec(ctx, text)
	return err
}

// beginReading is begin for connections that must not write.
func beginReading(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SELECT set_config('enable_seqscan', 'off', false), set_config('jit', 'off', false), set_config('default_transaction_read_only', 'on', false)`)
	return err
}

// Close finishes what is queued and closes all connections. It can be called
// again.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.queue.Close()
		s.stop()
		s.listens.Wait()
		s.pool.Close()
	})
	return nil
}

// Woken receives when another process has stored work, or when a run that was
// held back becomes free.
func (s *Store) Woken() <-chan struct{} { return s.woken }

func (s *Store) wake() {
	select {
	case s.woken <- struct{}{}:
	default: // a wake-up is pending already
	}
}
