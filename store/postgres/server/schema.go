package server

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	versionTable = "gavel_migrations"
	// migrationLock is the key of the advisory lock for schema changes
	// ("gavel" in ASCII).
	migrationLock = 0x676176656c
	// lockSeconds is how long a process waits for another to migrate the
	// schema, checking once a second.
	lockSeconds = 60
)

// Prepare checks that the server accepts writes, and migrates the schema.
// readOnly needs no writes, and keep rejects an older schema.
func Prepare(ctx context.Context, pool *pgxpool.Pool, readOnly, keep bool) error {
	var refuses, exists bool
	const text = `SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool, to_regclass($1) IS NOT NULL`
	if err := pool.QueryRow(ctx, text, versionTable).Scan(&refuses, &exists); err != nil {
		return err
	}
	if refuses && !readOnly {
		return fmt.Errorf("the server is read-only, such as a replica; connect to the primary")
	}
	fsys, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(migrationLock), lock.WithLockTimeout(1, lockSeconds))
	if err != nil {
		return err
	}
	db := stdlib.OpenDBFromPool(pool)
	defer func() { _ = db.Close() }() // the pool stays open
	p, err := goose.NewProvider(goose.DialectPostgres, db, fsys, goose.WithTableName(versionTable),
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	sources := p.ListSources()
	wanted := sources[len(sources)-1].Version
	current := int64(0)
	if exists {
		if current, err = p.GetDBVersion(ctx); err != nil {
			return fmt.Errorf("read the version of the schema: %w", err)
		}
	}
	switch {
	case current > wanted:
		return fmt.Errorf("it was written by a newer Gavel (schema %d, this one supports up to %d); use that version or a newer one", current, wanted)
	case current < wanted && (keep || readOnly):
		if current == 0 {
			return fmt.Errorf("it has no Gavel tables; start \"gavel serve\" with it first, or check its name")
		}
		return fmt.Errorf("it was written by an older Gavel (schema %d, this one needs %d); run \"gavel migrate\" with the same --database", current, wanted)
	case current < wanted:
		if _, err := p.Up(ctx); err != nil {
			return fmt.Errorf("migrate the schema: %w", err)
		}
	}
	return nil
}
