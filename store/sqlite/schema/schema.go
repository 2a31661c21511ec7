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

	"github.com/gavel-rules/gavel/store/sqlite/conn"
	"github.com/gavel-rules/gavel/store/upgrade"
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
// never changes under a running server. Without o it rejects an older schema.
func Migrate(ctx context.Context, db *sql.DB, path string, lock *flock.Flock, o *upgrade.Options) error {
	s, st, err := Look(ctx, db, path)
	if err != nil {
		return err
	}
	if err := errors.Join(st.Newer(), st.Usable(true)); err != nil {
		return fmt.Errorf("open store %q: %w", path, err)
	}
	if o == nil && len(st.Pending) > 0 {
		return olderSchema(path, st)
	}
	if o == nil {
		return nil
	}
	if steps, err := st.Plan(o.To); err != nil || len(steps) == 0 {
		return err
	}
	if !lock.Locked() {
		waiting, cancel := context.WithTimeout(ctx, migrateWait)
		defer cancel()
		if held, err := lock.TryLockContext(waiting, 20*time.Millisecond); !held {
			return fmt.Errorf("open store %q: its schema is old and must be migrated, but another process holds %q; stop that process first: %w", path, lock.Path(), err)
		}
		defer func() { _ = lock.Close() }() // lets the next process migrate
	}
	if err := s.Up(ctx, db, *o); err != nil {
		return conn.ExplainOpen(path, err)
	}
	return nil
}

// ToCopy checks that a database, whose serve lock is held, has exactly the tables
// that a copy knows. It makes those of an empty target.
func ToCopy(ctx context.Context, db *sql.DB, path string, target bool) (*upgrade.Schema, error) {
	s, st, err := Look(ctx, db, path)
	if err != nil {
		return nil, err
	}
	if target && st.Schema == 0 {
		if err := s.Up(ctx, db, upgrade.Options{}); err != nil {
			return nil, conn.ExplainOpen(path, err)
		}
		return s, nil
	}
	if err := st.Same(); err != nil {
		return nil, fmt.Errorf("open store %q: %w", path, err)
	}
	return s, nil
}

// Current checks, without writing, that this program can read the schema, or with
// older that it knows it.
func Current(ctx context.Context, db *sql.DB, path string, older bool) error {
	_, st, err := Look(ctx, db, path)
	if err != nil {
		return err
	}
	if err := errors.Join(st.Newer(), st.Usable(false)); err != nil {
		return fmt.Errorf("open store %q: %w", path, err)
	}
	if len(st.Pending) > 0 && (!older || st.Schema == 0) {
		return olderSchema(path, st)
	}
	return nil
}

func olderSchema(path string, st *upgrade.State) error {
	if st.Schema == 0 {
		return fmt.Errorf("open store %q: it has no Gavel tables; start \"gavel serve\" with it first, or check its name", path)
	}
	return fmt.Errorf("open store %[1]q: it was written by an older Gavel (schema %[2]d, this one needs %[3]d); run: gavel migrate --database sqlite:%[1]s", path, st.Schema, st.Newest)
}

// Schema returns the steps.
func Schema() (*upgrade.Schema, error) {
	fsys, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return upgrade.New(upgrade.SQLite(), fsys)
}

// Look returns the steps and the state of a database, without writing to it.
func Look(ctx context.Context, db *sql.DB, path string) (*upgrade.Schema, *upgrade.State, error) {
	if err := checkOwner(ctx, db, path); err != nil {
		return nil, nil, err
	}
	s, err := Schema()
	if err != nil {
		return nil, nil, fmt.Errorf("open store %q: %w", path, err)
	}
	st, err := s.State(ctx, db)
	if err != nil {
		return nil, nil, conn.ExplainOpen(path, err)
	}
	return s, st, nil
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
	_, st, err := Look(ctx, db, file)
	if err != nil {
		return err
	}
	if st.Schema == 0 {
		return errors.New("not a Gavel database")
	}
	if err := st.Newer(); err != nil {
		return fmt.Errorf("%q: %w", file, err)
	}
	var problem string
	err = db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&problem)
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("it was not checked to the end: %w", cause)
	}
	if err != nil {
		return fmt.Errorf("it is damaged: %w", err)
	}
	if problem != "ok" {
		return fmt.Errorf("it is damaged: %s", problem)
	}
	return nil
}
