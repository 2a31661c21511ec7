package sqlite_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/sqlite"
)

// unsafeWith wants that nothing is acknowledged any more, and why.
func unsafeWith(t *testing.T, s *sqlite.Store, id, want string) {
	t.Helper()
	_, err := s.Accept(t.Context(), acceptance(t, id, 10))
	if !errors.Is(err, event.ErrUnavailable) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want ErrUnavailable that says %q", err, want)
	}
}

// serving opens a database that is not closed at the end of the test, because
// its files will not be there.
func serving(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, sqlite.Options{Exclusive: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestFilesThatGoAway(t *testing.T) {
	t.Parallel()
	check := func(name string, spoil func(t *testing.T, path string), want string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "gavel.db")
			s := serving(t, path)
			accept(t, s, "before")
			spoil(t, path)
			unsafeWith(t, s, "after", want)
			if _, err := s.Claim(t.Context(), "me", noon(), noon(), 1); !errors.Is(err, event.ErrUnavailable) {
				t.Errorf("claim: %v", err)
			}
			log, _ := os.ReadFile(path + "-wal")
			foreign := !strings.HasSuffix(want, "removed")
			if err := s.Close(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("close: %v, want %q", err, want)
			}
			if after, _ := os.ReadFile(path + "-wal"); foreign && string(log) != string(after) {
				t.Error("closing changes the log that may belong to another file")
			}
		})
	}
	check("all removed", func(t *testing.T, path string) {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(path + suffix); err != nil {
				t.Fatal(err)
			}
		}
	}, `gavel.db" was removed`)
	remove := func(suffix string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if err := os.Remove(path + suffix); err != nil {
				t.Fatal(err)
			}
		}
	}
	check("removed", remove(""), `gavel.db" was removed`)
	check("log removed", remove("-wal"), `gavel.db-wal" was removed`)
	check("index of the log removed", remove("-shm"), `gavel.db-shm" was removed`)
	check("folder removed", func(t *testing.T, path string) {
		if err := os.Rename(filepath.Dir(path), filepath.Dir(path)+"-moved"); err != nil {
			t.Fatal(err)
		}
	}, `gavel.db" was removed`)
	check("replaced", func(t *testing.T, path string) {
		other := made(t, filepath.Join(t.TempDir(), "other.db"))
		if err := os.Rename(other, path); err != nil {
			t.Fatal(err)
		}
	}, `gavel.db" was replaced`)
	check("overwritten", func(t *testing.T, path string) {
		content, err := os.ReadFile(made(t, filepath.Join(t.TempDir(), "other.db")))
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, string(content))
	}, `gavel.db" was overwritten`)
	check("emptied", func(t *testing.T, path string) { write(t, path, "") }, `gavel.db" was overwritten`)
}

// TestLogThatGoesAway keeps what was acknowledged, though the log that held it
// was removed and another process has begun another one.
func TestLogThatGoesAway(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gavel.db")
	s := serving(t, path)
	accept(t, s, "before")
	if err := os.Remove(path + "-wal"); err != nil {
		t.Fatal(err)
	}
	unsafeWith(t, s, "after", "was removed")
	other := open(t, copiedFile(t, path), sqlite.Options{})
	if _, err := other.Event(t.Context(), "before"); err != nil {
		t.Error(err)
	}
}

func copiedFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, filepath.Join(t.TempDir(), "gavel.db"), string(content))
}

func TestFileThatComesBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gavel.db")
	s := open(t, path, sqlite.Options{Exclusive: true})
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	unsafeWith(t, s, "e1", "was removed")
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	accept(t, s, "e1")
}

func TestServedUnderAnotherName(t *testing.T) {
	t.Parallel()
	check := func(name string, other func(t *testing.T, path string) string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "gavel.db")
			s := open(t, path, sqlite.Options{Exclusive: true})
			second, err := sqlite.Open(t.Context(), other(t, path), sqlite.Options{Exclusive: true})
			if err == nil {
				_ = second.Close()
				t.Fatal("two processes serve from one file")
			}
			if !strings.Contains(err.Error(), "another process serves from") {
				t.Errorf("got %v", err)
			}
			accept(t, s, "e1")
		})
	}
	link := func(make func(from, to string) error) func(*testing.T, string) string {
		return func(t *testing.T, path string) string {
			other := filepath.Join(t.TempDir(), "other.db")
			if err := make(path, other); err != nil {
				t.Fatal(err)
			}
			return other
		}
	}
	check("symbolic link", link(os.Symlink))
	check("hard link", link(os.Link))
	check("linked folder", func(t *testing.T, path string) string {
		folder := filepath.Join(t.TempDir(), "folder")
		if err := os.Symlink(filepath.Dir(path), folder); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(folder, "gavel.db")
	})
	check("lock file removed", func(t *testing.T, path string) string {
		if err := os.Remove(path + ".lock"); err != nil {
			t.Fatal(err)
		}
		return path
	})
}

// TestBackupOverAnOldLog copies an older database over one whose process was
// killed, and leaves the log of that one where it is.
func TestBackupOverAnOldLog(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gavel.db")
	s := open(t, path, sqlite.Options{Exclusive: true})
	accept(t, s, "old")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	backup, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s = open(t, path, sqlite.Options{Exclusive: true})
	for i := range 50 {
		accept(t, s, fmt.Sprint("new ", i))
	}
	killed := copied(t, path)
	for _, o := range []sqlite.Options{{Exclusive: true}, {}, {ReadOnly: true}} {
		write(t, killed, string(backup))
		_, err = sqlite.Open(t.Context(), killed, o)
		if err == nil || !strings.Contains(err.Error(), "belongs to another database") || !strings.Contains(err.Error(), `gavel.db-shm" and start again`) {
			t.Errorf("%+v: got %v", o, err)
		}
	}
	if err := errors.Join(os.Remove(killed+"-wal"), os.RemoveAll(killed+"-shm")); err != nil {
		t.Fatal(err)
	}
	restored := open(t, killed, sqlite.Options{Exclusive: true})
	if receipt, err := restored.Accept(t.Context(), acceptance(t, "old", 10)); err != nil || !receipt.Duplicate {
		t.Errorf("got %+v, %v; want what the backup knows", receipt, err)
	}
}

// full makes a closed database of a few hundred pages, and returns its path.
func full(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gavel.db")
	s := open(t, path, sqlite.Options{Exclusive: true})
	for i := range 100 {
		if _, err := s.Accept(t.Context(), acceptance(t, fmt.Sprint("e", i), 10_000)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

const pageSize = 4096

// spoil overwrites the last pages of a database.
func spoil(t *testing.T, path string, pages int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte(strings.Repeat("\xee", int(pages*pageSize))), info.Size()-pages*pageSize); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDamageAtTheStart has damage that only those would meet who read one event.
func TestDamageAtTheStart(t *testing.T) {
	t.Parallel()
	path := full(t)
	spoil(t, path, 1)
	s, err := sqlite.Open(t.Context(), path, sqlite.Options{Exclusive: true})
	if err == nil {
		_ = s.Close()
		t.Fatal("it serves from a damaged database")
	}
	for _, want := range []string{"the database is damaged", "gavel restore BACKUP --database sqlite:" + path + " --force", ".recover"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

func TestDamageWhileServing(t *testing.T) {
	t.Parallel()
	path := full(t)
	s := serving(t, path)
	spoil(t, path, 200)
	var err error
	for i := 0; err == nil && i < 100; i++ {
		_, err = s.Accept(t.Context(), acceptance(t, fmt.Sprint("e", i), 10))
	}
	if !errors.Is(err, event.ErrUnavailable) || !strings.Contains(err.Error(), "is damaged") {
		t.Fatalf("got %v", err)
	}
	err = s.SaveRevision(t.Context(), "r1", nil, noon())
	if !errors.Is(err, event.ErrUnavailable) || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("readiness asks by this: got %v", err)
	}
	_ = s.Close() // what comes of that is not defined
	if again, err := sqlite.Open(t.Context(), path, sqlite.Options{Exclusive: true}); err == nil {
		_ = again.Close()
		t.Error("the next start serves from it")
	}
}
