package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/store/postgres"
	"github.com/gavel-rules/gavel/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	fresh := migrated(t)
	storetest.Run(t, func(t *testing.T) storetest.Database {
		database := fresh(t)
		return func(t *testing.T) store.Store { return open(t, database) }
	})
}

func TestDamagedRows(t *testing.T) {
	t.Parallel()
	fresh := migrated(t)
	storetest.RunDamaged(t, func(t *testing.T) (storetest.Database, storetest.Spoil) {
		database := fresh(t)
		spoil := func(t testing.TB, table, column, condition string, value any) {
			t.Helper()
			conn, err := pgx.Connect(t.Context(), database)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close(context.Background()) }()
			done, err := conn.Exec(t.Context(), "UPDATE gavel_"+table+" SET "+column+" = $1 WHERE "+condition, value)
			if n := done.RowsAffected(); n != 1 || err != nil {
				t.Fatalf("%d rows spoilt, %v", n, err)
			}
		}
		return func(t *testing.T) store.Store { return open(t, database) }, spoil
	})
}

// migrated makes databases that have their tables.
func migrated(t *testing.T) func(testing.TB) string {
	t.Helper()
	return testkit.Migrated(t, func(database string) {
		s, err := postgres.Open(t.Context(), database, postgres.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func administer(t testing.TB, admin, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Error(err)
	}
}

func open(t testing.TB, database string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), database, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestExclusive lets one of two processes have a name at a time.
func TestExclusive(t *testing.T) {
	t.Parallel()
	database := testkit.NewDatabase(t)
	one, two := open(t, database), open(t, database)
	take := func(s store.Store, want bool) func() {
		t.Helper()
		release, ok, err := s.Exclusive(t.Context(), "archive")
		if err != nil || ok != want {
			t.Fatalf("the name is given: %v, %v; want %v", ok, err, want)
		}
		return release
	}
	release := take(one, true)
	take(two, false)
	release()
	take(two, true)()
}
