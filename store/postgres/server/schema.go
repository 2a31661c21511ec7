package server

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/upgrade"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	// migrationLock is the key of the advisory lock for schema changes
	// ("gavel" in ASCII). It is the same in all versions.
	migrationLock = 0x676176656c
	// migrateWait is how long a process waits for another to migrate the schema.
	migrateWait = time.Minute
	migratePoll = 200 * time.Millisecond
)

// Prepare checks that the server accepts writes, and migrates the schema.
// readOnly needs no writes, and keep rejects an older schema.
func Prepare(ctx context.Context, pool *pgxpool.Pool, readOnly, keep bool, o upgrade.Options) error {
	if !readOnly {
		if err := writable(ctx, pool); err != nil {
			return err
		}
	}
	_, st, err := Look(ctx, pool)
	if err != nil {
		return err
	}
	if err := errors.Join(st.Newer(), st.Usable(!readOnly)); err != nil {
		return err
	}
	switch {
	case len(st.Pending) == 0:
		return nil
	case !keep && !readOnly:
		return Up(ctx, pool, o)
	case st.Schema == 0:
		return fmt.Errorf("it has no Gavel tables; start \"gavel serve\" with it first, or check its name")
	}
	return fmt.Errorf("it was written by an older Gavel (schema %d, this one needs %d); run \"gavel migrate\" with the same --database", st.Schema, st.Newest)
}

func writable(ctx context.Context, pool *pgxpool.Pool) error {
	var refuses bool
	err := pool.QueryRow(ctx, `SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool`).Scan(&refuses)
	if err == nil && refuses {
		return errors.New("the server is read-only, such as a replica; connect to the primary")
	}
	return err
}

// Schema returns the steps.
func Schema() (*upgrade.Schema, error) {
	fsys, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return upgrade.New(upgrade.Postgres(), fsys)
}

// Look returns the steps and the state of a database, without writing to it.
func Look(ctx context.Context, pool *pgxpool.Pool) (*upgrade.Schema, *upgrade.State, error) {
	s, err := Schema()
	if err != nil {
		return nil, nil, err
	}
	db := stdlib.OpenDBFromPool(pool)
	defer func() { _ = db.Close() }() // the pool stays open
	st, err := s.State(ctx, db)
	return s, st, err
}

// Up migrates the schema as o says. Of several processes that do so at once, one
// does; the others wait for it.
func Up(ctx context.Context, pool *pgxpool.Pool, o upgrade.Options) error {
	if err := writable(ctx, pool); err != nil {
		return err
	}
	s, st, err := Look(ctx, pool)
	if err != nil {
		return err
	}
	if err := errors.Join(st.Newer(), st.Usable(true)); err != nil {
		return err
	}
	if steps, err := st.Plan(o.To); err != nil || len(steps) == 0 {
		return err
	}
	unlock, err := lockMigration(ctx, pool)
	if err != nil {
		return err
	}
	defer unlock()
	db := stdlib.OpenDBFromPool(pool)
	defer func() { _ = db.Close() }() // the pool stays open
	return s.Up(ctx, db, o)
}

// Plan says what Up would do.
func Plan(ctx context.Context, pool *pgxpool.Pool, to int64) (*upgrade.Report, error) {
	s, err := Schema()
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDBFromPool(pool)
	defer func() { _ = db.Close() }() // the pool stays open
	return s.Report(ctx, db, to)
}

// lockMigration takes the lock that also earlier versions take.
func lockMigration(ctx context.Context, pool *pgxpool.Pool) (unlock func(), err error) {
	held, err := pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	deadline := time.Now().Add(migrateWait)
	for {
		var locked bool
		if err := held.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", int64(migrationLock)).Scan(&locked); err != nil {
			held.Release()
			return nil, err
		}
		if locked {
			break
		}
		if time.Now().After(deadline) {
			held.Release()
			return nil, fmt.Errorf("%w: another process is migrating the database; wait for it", event.ErrUnavailable)
		}
		select {
		case <-time.After(migratePoll):
		case <-ctx.Done():
			held.Release()
			return nil, ctx.Err()
		}
	}
	return func() {
		if _, err := held.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(migrationLock)); err != nil {
			_ = held.Conn().Close(context.WithoutCancel(ctx)) // which unlocks as well
		}
		held.Release()
	}, nil
}
