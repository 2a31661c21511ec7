package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/sqlite"
)

// TestBackupUnderLoad backs up while events come without a pause. It has what
// was acknowledged before it began.
func TestBackupUnderLoad(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gavel.db")
	s := open(t, path, sqlite.Options{Exclusive: true})
	var (
		accepted atomic.Int64
		enough   = make(chan struct{})
		stop     = make(chan struct{})
		writers  sync.WaitGroup
	)
	for w := range 4 {
		writers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := s.Accept(t.Context(), acceptance(t, fmt.Sprintf("e%d-%d", w, i), 1000)); err != nil {
					t.Error(err)
					return
				}
				if accepted.Add(1) == 200 {
					close(enough)
				}
			}
		})
	}
	<-enough
	for i := range 3 {
		before := accepted.Load()
		file := filepath.Join(t.TempDir(), "backup.db")
		var err error
		if i == 0 {
			err = s.Backup(t.Context(), file)
		} else { // as another process
			reader := open(t, path, sqlite.Options{ReadOnly: true})
			err = reader.Backup(t.Context(), file)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := sqlite.CheckBackup(t.Context(), file); err != nil {
			t.Error(err)
		}
		counts, err := open(t, file, sqlite.Options{}).Counts(t.Context())
		if err != nil || counts.Events < before || counts.Runs[event.StatusRunning] != counts.Events {
			t.Errorf("the backup has %d events with %v runs, %d were accepted before (%v)", counts.Events, counts.Runs, before, err)
		}
	}
	close(stop)
	writers.Wait()
}

func backedUp(t *testing.T, ids ...string) string {
	t.Helper()
	s := open(t, filepath.Join(t.TempDir(), "gavel.db"), sqlite.Options{Exclusive: true})
	for _, id := range ids {
		accept(t, s, id)
	}
	file := filepath.Join(t.TempDir(), "backup.db")
	if err := s.Backup(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	return file
}

func has(t *testing.T, path string, ids ...string) {
	t.Helper()
	s := open(t, path, sqlite.Options{Exclusive: true})
	counts, err := s.Counts(t.Context())
	if err != nil || counts.Events != int64(len(ids)) {
		t.Errorf("%d events, want %d (%v)", counts.Events, len(ids), err)
	}
	for _, id := range ids {
		if _, err := s.Event(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestRestore(t *testing.T) {
	t.Parallel()
	backup := backedUp(t, "a", "b")
	t.Run("into nothing", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "gavel.db")
		write(t, path+"-wal", "what is left of another one") // and would be read into it
		if _, err := sqlite.Restore(t.Context(), sqlite.Restoring{Backup: backup, Path: path, Force: false, Now: noon()}); err != nil {
			t.Fatal(err)
		}
		has(t, path, "a", "b")
	})
	t.Run("over the database of a killed process", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "gavel.db")
		s := open(t, path, sqlite.Options{Exclusive: true})
		accept(t, s, "newer")
		refusedRestore(t, backup, path, true, "gavel serve is using this database")
		path = copied(t, path)
		refusedRestore(t, backup, path, false, "--force sets it aside")
		done, err := sqlite.Restore(t.Context(), sqlite.Restoring{Backup: backup, Path: path, Force: true, Now: noon()})
		if err != nil {
			t.Fatal(err)
		}
		has(t, path, "a", "b")
		has(t, done.Aside, "newer")
	})
	t.Run("twice in a second", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "gavel.db")
		accept(t, open(t, path, sqlite.Options{Exclusive: true}), "newer")
		path = copied(t, path)
		var asides []string
		for range 3 {
			done, err := sqlite.Restore(t.Context(), sqlite.Restoring{Backup: backup, Path: path, Force: true, Now: noon()})
			if err != nil {
				t.Fatal(err)
			}
			asides = append(asides, done.Aside)
		}
		has(t, asides[0], "newer")
		has(t, asides[1], "a", "b")
		has(t, asides[2], "a", "b")
	})
	t.Run("after one that was killed", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		for _, name := range []string{".gavel-restore-gavel.db-123", ".gavel-restore-gavel.db-123-journal", ".gavel-restore-gavel.db-other.db-1"} {
			write(t, filepath.Join(dir, name), "half")
		}
		path := filepath.Join(dir, "gavel.db")
		if _, err := sqlite.Restore(t.Context(), sqlite.Restoring{Backup: backup, Path: path, Now: noon()}); err != nil {
			t.Fatal(err)
		}
		left, err := filepath.Glob(filepath.Join(dir, ".gavel-*"))
		if err != nil || len(left) != 1 || filepath.Base(left[0]) != ".gavel-restore-gavel.db-other.db-1" {
			t.Errorf("what is left is %q, %v", left, err)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		t.Parallel()
		for after := time.Duration(0); ; after += 50 * time.Microsecond { // at any moment of the check
			ctx, cancel := context.WithTimeout(t.Context(), after)
			err := sqlite.CheckBackup(ctx, backup)
			cancel()
			if err == nil {
				break
			}
			if strings.Contains(err.Error(), "damaged") {
				t.Fatalf("interrupted after %s, it says %v", after, err)
			}
		}
	})
	t.Run("through a link", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "gavel.db")
		link := filepath.Join(t.TempDir(), "link.db")
		if err := os.Symlink(made(t, path), link); err != nil {
			t.Fatal(err)
		}
		if _, err := sqlite.Restore(t.Context(), sqlite.Restoring{Backup: backup, Path: link, Force: true, Now: noon()}); err != nil {
			t.Fatal(err)
		}
		has(t, path, "a", "b")
		if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("the link is gone: %v, %v", info, err)
		}
	})
	t.Run("of a copy with its log", func(t *testing.T) {
		t.Parallel()
		from := filepath.Join(t.TempDir(), "gavel.db")
		accept(t, open(t, from, sqlite.Options{Exclusive: true}), "in the log")
		path := filepath.Join(t.TempDir(), "restored.db")
		if _, err := sqlite.Restore(t.Context(), sqlite.Restoring{Backup: copied(t, from), Path: path, Force: false, Now: noon()}); err != nil {
			t.Fatal(err)
		}
		has(t, path, "in the log")
	})
	t.Run("of what is none", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		path := made(t, filepath.Join(dir, "gavel.db"))
		torn := filepath.Join(dir, "torn.db")
		content, err := os.ReadFile(full(t))
		if err != nil {
			t.Fatal(err)
		}
		write(t, torn, string(content[:len(content)/2]))
		refusedRestore(t, torn, path, true, "damaged")
		refusedRestore(t, write(t, filepath.Join(dir, "text.db"), strings.Repeat("no database\n", 500)), path, true, "not a SQLite database")
		refusedRestore(t, write(t, filepath.Join(dir, "empty.db"), ""), path, true, "it has no Gavel tables")
		refusedRestore(t, filepath.Join(dir, "none.db"), path, true, "no such database")
		has(t, path)
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".gavel") {
				t.Errorf("%s is left", e.Name())
			}
		}
	})
}

func refusedRestore(t *testing.T, backup, path string, force bool, want string) {
	t.Helper()
	if _, err := sqlite.Restore(t.Context(), sqlite.Restoring{Backup: backup, Path: path, Force: force, Now: noon()}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}
