package sqlite_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/store/sqlite"
	"github.com/gavel-rules/gavel/store/sqlite/space"
)

// loadUp stores events of 30 kB whose runs need nothing more.
func loadUp(t *testing.T, s *sqlite.Store, n int) {
	t.Helper()
	for i := range n {
		a := acceptance(t, fmt.Sprintf("e%d", i), 30_000)
		a.Runs = nil
		if _, err := s.Accept(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
}

func sizeOf(t *testing.T, s *sqlite.Store) event.Size {
	t.Helper()
	size, err := s.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return size
}

// empty removes everything from a store, and gives back what can be.
func empty(t *testing.T, s *sqlite.Store) (given int64) {
	t.Helper()
	if _, err := s.Prune(t.Context(), time.Now().Add(time.Hour), 1000); err != nil {
		t.Fatal(err)
	}
	for {
		n, err := s.Shrink(t.Context(), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return given
		}
		given += n
	}
}

// TestShrinks: what is pruned leaves the file too, while it is served, but for
// a little that new events will need.
func TestShrinks(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gavel.db")
	s := open(t, path, sqlite.Options{Exclusive: true, LogPages: 100})
	loadUp(t, s, 200)
	length := func() int64 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	testkit.Eventually(t, "the log is written into the file", func() bool { return length() > 4<<20 })
	given := empty(t, s)
	testkit.Eventually(t, "the file gets smaller", func() bool { return length() < 2<<20 })
	size := sizeOf(t, s)
	if given < 4<<20 || size.Fixed || size.Reusable == 0 || size.Reusable > 1<<20 || size.DiskFree <= 0 {
		t.Errorf("%d bytes were given back; now %+v", given, size)
	}
	loadUp(t, s, 10)
}

// older makes a database as the first versions did.
func older(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gavel.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "PRAGMA journal_mode = WAL"); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestCompacts: a database of an older version keeps its size until it is
// compacted, and shrinks by itself afterwards. A backup of it does so too.
func TestCompacts(t *testing.T) {
	t.Parallel()
	path, backup := older(t), filepath.Join(t.TempDir(), "backup.db")
	s := open(t, path, sqlite.Options{Exclusive: true})
	loadUp(t, s, 200)
	if given := empty(t, s); given != 0 || !sizeOf(t, s).Fixed || sizeOf(t, s).Reusable < 4<<20 {
		t.Errorf("an older database has given %d bytes back: %+v", given, sizeOf(t, s))
	}
	if err := s.Backup(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	if size := sizeOf(t, open(t, backup, sqlite.Options{})); size.Fixed || size.Database > 1<<20 {
		t.Errorf("the backup is %+v", size)
	}
	if _, _, err := space.Compact(t.Context(), path); err == nil || !strings.Contains(err.Error(), "stop it first") {
		t.Errorf("while it is served: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before, after, err := space.Compact(t.Context(), path)
	if err != nil || before.Database < 4<<20 || after.Database > 1<<20 {
		t.Fatalf("from %+v to %+v: %v", before, after, err)
	}
	s = open(t, path, sqlite.Options{Exclusive: true})
	loadUp(t, s, 200)
	if given := empty(t, s); given < 4<<20 {
		t.Errorf("%d bytes were given back after compacting", given)
	}
	if _, _, err := space.Compact(t.Context(), filepath.Join(t.TempDir(), "none.db")); err == nil || !strings.Contains(err.Error(), "no such database") {
		t.Errorf("without a database: %v", err)
	}
}
