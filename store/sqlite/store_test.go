package sqlite_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/store/sqlite"
	"github.com/gavel-rules/gavel/store/sqlite/sqlitetest"
	"github.com/gavel-rules/gavel/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Database {
		path := sqlitetest.File(t)
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
		path := sqlitetest.File(t)
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

// TestLogIsWrittenBeside: while the store is open, its log is written into the
// database and begun anew, so that it stays small however much is stored.
func TestLogIsWrittenBeside(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "gavel.db")
	s, err := sqlite.Open(t.Context(), file, sqlite.Options{Exclusive: true, LogPages: 50})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	size := func(name string) int64 {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	stored := 0
	add := func(n int) {
		for range n {
			stored++
			if _, err := s.Accept(t.Context(), acceptance(t, fmt.Sprint(stored), 3000)); err != nil {
				t.Fatal(err)
			}
		}
	}
	empty := size(file)
	add(100)
	testkit.Eventually(t, "the events are in the database", func() bool { return size(file) >= empty+200_000 })
	testkit.Eventually(t, "the log is begun anew", func() bool {
		before := size(file + "-wal")
		add(20)
		return size(file+"-wal") == before
	})
}
