// Package schema has the tables of a database file, and checks which Gavel
// version wrote them.
package schema

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"

	"github.com/gavel-rules/gavel/store/sqlite/conn"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	// applicationID marks a database as Gavel's ("GAVL").
	applicationID = 1195464268
	versionTable  = "migrations"
	migrateWait   = 10 * time.Second
)

// Migrate migrates the schema. It holds lock meanwhile, unless this process
// holds it already, so that two processes never migrate at once and the schema
// never changes under a running server.
func Migrate(ctx context.Context, db *sql.DB, path string, lock *flock.Flock, keep bool) error {
	if err := checkOwner(ctx, db, path); err != nil {
		return err
	}
	p, err := provider(db)
	if err != nil {
		return fmt.Errorf("open store %q: %w", path, err)
	}
	current, wanted, err := versions(ctx, db, p)
	switch {
	case err != nil:
		return conn.ExplainOpen(path, err)
	case current == wanted:
		return nil
	case current > wanted:
		return newerSchema(path, current, wanted)
	case keep:
		return olderSchema(path, current, wanted)
	}
	if !lock.Locked() {
		waiting, cancel := context.WithTimeout(ctx, migrateWait)
		defer cancel()
		if held, err := lock.TryLockContext(waiting, 20*time.Millisecond); !held {
			return fmt.Errorf("open store %q: its schema is old and must be migrated, but another process holds %q; stop that process first: %w", path, lock.Path(), err)
		}
		defer func() { _ = lock.Close() }() // lets the next process migrate
	}
	if _, err := p.Up(ctx); err != nil {
		return conn.ExplainOpen(path, fmt.Errorf("migrate the schema: %w", err))
	}
	return nil
}

// Current checks, without writing, that the schema has the expected version.
func Current(ctx context.Context, db *sql.DB, path string, older bool) error {
	if err := checkOwner(ctx, db, path); err != nil {
		return err
	}
	p, err := provider(db)
	if err != nil {
		return fmt.Errorf("open store %q: %w", path, err)
	}
	current, wanted, err := versions(ctx, db, p)
	switch {
	case err != nil:
		return conn.ExplainOpen(path, err)
	case current > wanted:
		return newerSchema(path, current, wanted)
	case current < wanted && (!older || current == 0):
		return olderSchema(path, current, wanted)
	}
	return nil
}

func newerSchema(path string, current, wanted int64) error {
	return fmt.Errorf("open store %q: it was written by a newer Gavel (schema %d, this one supports up to %d); use that version or a newer one", path, current, wanted)
}

func olderSchema(path string, current, wanted int64) error {
	if current == 0 {
		return fmt.Errorf("open store %q: it has no Gavel tables; start \"gavel serve\" with it first, or check its name", path)
	}
	return fmt.Errorf("open store %[1]q: it was written by an older Gavel (schema %[2]d, this one needs %[3]d); run: gavel migrate --database sqlite:%[1]s", path, current, wanted)
}

func provider(db *sql.DB) (*goose.Provider, error) {
	fsys, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, db, fsys,
		goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true))
}

// versions returns the schema's version and the newest known one, without
// writing to the database.
func versions(ctx context.Context, db *sql.DB, p *goose.Provider) (current, wanted int64, err error) {
	sources := p.ListSources()
	wanted = sources[len(sources)-1].Version
	var tables int
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?", versionTable).Scan(&tables)
	if err != nil || tables == 0 {
		return 0, wanted, err
	}
	current, err = p.GetDBVersion(ctx)
	return current, wanted, err
}

// checkOwner rejects a database that belongs to another program.
func checkOwner(ctx context.Context, db *sql.DB, path string) error {
	var id, tables int
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return conn.ExplainOpen(path, err)
	}
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name <> ? AND name NOT GLOB 'sqlite_*'", versionTable).Scan(&tables); err != nil {
		return conn.ExplainOpen(path, err)
	}
	if id != applicationID && (id != 0 || tables > 0) {
		return fmt.Errorf("open store %q: the database belongs to another program; name another file", path)
	}
	return nil
}

// Verify checks that a file is an undamaged Gavel database of a known version.
func Verify(ctx context.Context, db *sql.DB, file string) error {
	if err := checkOwner(ctx, db, file); err != nil {
		return err
	}
	p, err := provider(db)
	if err != nil {
		return err
	}
	switch now, wanted, err := versions(ctx, db, p); {
	case err != nil:
		return conn.Explain(err)
	case now == 0:
		return errors.New("not a Gavel database")
	case now > wanted:
		return newerSchema(file, now, wanted)
	}
	var problem string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&problem); err != nil {
		return fmt.Errorf("it is damaged: %w", err)
	}
	if problem != "ok" {
		return fmt.Errorf("it is damaged: %s", problem)
	}
	return nil
}
