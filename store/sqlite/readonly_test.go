package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/sqlite"
)

// knows wants a reader that finds an event, and writes nothing.
func knows(t *testing.T, path, id string) {
	t.Helper()
	s := open(t, path, sqlite.Options{ReadOnly: true})
	if _, err := s.Event(t.Context(), id); err != nil {
		t.Error(err)
	}
	if _, err := s.Accept(t.Context(), acceptance(t, "another", 10)); !errors.Is(err, event.ErrUnavailable) {
		t.Errorf("it writes: %v", err)
	}
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gavel.db")
	server := open(t, path, sqlite.Options{Exclusive: true})
	accept(t, server, "e1")
	knows(t, path, "e1")
	accept(t, server, "e2")
	knows(t, path, "e2")
}

// TestReadOnlyFile reads in a folder where nothing can be written, not even
// what SQLite wants beside the database.
func TestReadOnlyFile(t *testing.T) {
	t.Parallel()
	check := func(name string, prepare func(t *testing.T, s *sqlite.Store, path string) string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "gavel.db")
			s := open(t, path, sqlite.Options{Exclusive: true})
			accept(t, s, "e1")
			path = prepare(t, s, path)
			entries, err := os.ReadDir(filepath.Dir(path))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if err := os.Chmod(filepath.Join(filepath.Dir(path), e.Name()), 0o444); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Chmod(filepath.Dir(path), 0o555); err != nil {
				t.Fatal(err)
			}
			asNobody(t, path)
			t.Cleanup(func() { _ = os.Chmod(filepath.Dir(path), 0o755) })
			knows(t, path, "e1")
		})
	}
	check("stopped", func(t *testing.T, s *sqlite.Store, path string) string {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return path
	})
	check("of a killed process", func(t *testing.T, s *sqlite.Store, path string) string {
		killed := copied(t, path)
		index, err := os.ReadFile(path + "-shm")
		if err := errors.Join(err, s.Close(), os.RemoveAll(filepath.Dir(path))); err != nil {
			t.Fatal(err)
		}
		write(t, killed+"-shm", string(index))
		return killed
	})
}

func TestOlderSchemaIsKept(t *testing.T) {
	t.Parallel()
	path := made(t, filepath.Join(t.TempDir(), "gavel.db"))
	execute(t, path, "DELETE FROM migrations WHERE version_id = (SELECT max(version_id) FROM migrations)")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []sqlite.Options{{ReadOnly: true}, {KeepSchema: true}} {
		s, err := sqlite.Open(t.Context(), path, o)
		if err == nil {
			_ = s.Close()
			t.Fatalf("%+v: it opened", o)
		}
		if !strings.Contains(err.Error(), "it was written by an older Gavel") || !strings.Contains(err.Error(), "gavel migrate --database sqlite:") {
			t.Errorf("got %v", err)
		}
	}
	if after, err := os.ReadFile(path); err != nil || string(before) != string(after) {
		t.Errorf("the file has changed (%v)", err)
	}
}
