package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/store/sqlite"
	"github.com/gavel-rules/gavel/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Database {
		path := filepath.Join(t.TempDir(), "gavel.db")
		return func(t *testing.T) store.Store { return open(t, path, sqlite.Options{}) }
	})
}

func open(t testing.TB, path string, o sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, o)
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

func TestDamagedRows(t *testing.T) {
	t.Parallel()
	storetest.RunDamaged(t, func(t *testing.T) (storetest.Database, storetest.Spoil) {
		path := filepath.Join(t.TempDir(), "gavel.db")
		spoil := func(t testing.TB, table, column, condition string, value any) {
			t.Helper()
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			done, err := db.ExecContext(t.Context(), "UPDATE "+table+" SET "+column+" = ? WHERE "+condition, value)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := done.RowsAffected(); n != 1 || err != nil {
				t.Fatalf("%d rows spoilt, %v", n, err)
			}
		}
		return func(t *testing.T) store.Store { return open(t, path, sqlite.Options{}) }, spoil
	})
}
