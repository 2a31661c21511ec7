// Package sqlitetest gives tests database files that have their tables already.
// With the race detector, making the tables takes longer than most tests.
package sqlitetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/gavel-rules/gavel/store/sqlite"
)

// migrated returns the content of a database file with tables and nothing else.
var migrated = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "gavel-tables-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for a database: %w", err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "gavel.db")
	s, err := sqlite.Open(context.Background(), file, sqlite.Options{})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	if log, err := os.Stat(file + "-wal"); err == nil && log.Size() > 0 {
		return nil, fmt.Errorf("the tables of %q are in its log", file)
	}
	return os.ReadFile(file)
})

// File returns the path of a database of the test's own, which has no rows.
func File(t testing.TB) string {
	t.Helper()
	content, err := migrated()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "gavel.db")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
