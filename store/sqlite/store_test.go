package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/gavel-rules/gavel/store/sqlite"
	"github.com/gavel-rules/gavel/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Database {
		path := filepath.Join(t.TempDir(), "gavel.db")
		return func(t *testing.T) storetest.Store { return open(t, path, sqlite.Options{}) }
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
