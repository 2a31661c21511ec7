package sqlite_test

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/sqlite"
)

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	check := func(name string, prepare func(t *testing.T, dir string) string, o sqlite.Options, want ...string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := prepare(t, t.TempDir())
			s, err := sqlite.Open(t.Context(), path, o)
			if err == nil {
				_ = s.Close()
				t.Fatal("it opened")
			}
			for _, w := range append(want, "open store") {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q does not say %q", err, w)
				}
			}
		})
	}
	check("no name", func(*testing.T, string) string { return "" }, sqlite.Options{}, "no file name")
	check("no folder", func(_ *testing.T, dir string) string { return filepath.Join(dir, "no", "gavel.db") }, sqlite.Options{}, "does not exist", "create it first")
	check("a folder", func(_ *testing.T, dir string) string { return dir }, sqlite.Options{}, "it is a folder")
	check("folder is a file", func(t *testing.T, dir string) string {
		write(t, filepath.Join(dir, "file"), "text")
		return filepath.Join(dir, "file", "gavel.db")
	}, sqlite.Options{}, "file")
	check("must exist", func(_ *testing.T, dir string) string { return filepath.Join(dir, "gavel.db") }, sqlite.Options{MustExist: true}, "there is no such database")
	check("not a database", func(t *testing.T, dir string) string {
		return write(t, filepath.Join(dir, "gavel.db"), strings.Repeat("this is no database\n", 500))
	}, sqlite.Options{}, "not a SQLite database")
	check("damaged", func(t *testing.T, dir string) string {
		return damaged(t, filepath.Join(dir, "gavel.db"))
	}, sqlite.Options{}, "damaged", "backup")
	check("another program's", func(t *testing.T, dir string) string {
		return execute(t, filepath.Join(dir, "gavel.db"), "CREATE TABLE notes (text TEXT)")
	}, sqlite.Options{}, "belongs to another program")
	check("a newer version", func(t *testing.T, dir string) string {
		path := filepath.Join(dir, "gavel.db")
		made(t, path)
		return execute(t, path, "INSERT INTO migrations (version_id, is_applied) VALUES (99, 1)")
	}, sqlite.Options{}, "it was written by a newer Gavel", "schema 99")
	check("served already", func(t *testing.T, dir string) string {
		path := filepath.Join(dir, "gavel.db")
		open(t, path, sqlite.Options{Exclusive: true})
		return path
	}, sqlite.Options{Exclusive: true}, "another process serves", "gavel.db.lock")
	check("migrated by another", func(t *testing.T, dir string) string {
		path := filepath.Join(dir, "gavel.db")
		made(t, path)
		open(t, path, sqlite.Options{Exclusive: true})
		return execute(t, path, "DELETE FROM migrations WHERE version_id > 0")
	}, sqlite.Options{Exclusive: true}, "gavel.db.lock")
}

func TestOpenWithoutPermission(t *testing.T) {
	t.Parallel()
	path := made(t, filepath.Join(t.TempDir(), "gavel.db"))
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	asNobody(t, path)
	_, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "writable") {
		t.Errorf("got %v", err)
	}
}

func TestOpenKeepsOthersOut(t *testing.T) {
	t.Parallel()
	path := made(t, filepath.Join(t.TempDir(), "a name with % and ? and #.db"))
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want only the owner to read it", info.Mode())
	}
}

func TestServeLockEndsWithTheStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gavel.db")
	first := open(t, path, sqlite.Options{Exclusive: true})
	open(t, path, sqlite.Options{}) // a command beside the server
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path, sqlite.Options{Exclusive: true})
}

func TestOpenErrorKinds(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "gavel.db"), sqlite.Options{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Renew(t.Context(), "me", noon()); !errors.Is(err, event.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}

// made makes a database and closes it.
func made(t *testing.T, path string) string {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// damaged makes a database whose first page is kept and the rest overwritten.
func damaged(t *testing.T, path string) string {
	t.Helper()
	made(t, path)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 100; i < len(content); i++ {
		content[i] = 0xee
	}
	return write(t, path, string(content))
}

func write(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func execute(t *testing.T, path, statement string) string {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	return path
}
