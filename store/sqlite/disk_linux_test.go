package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/store/sqlite"
)

// TestFullDisk fills a real, small file system.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		testkit.Lack(t, "this user may not mount a small file system (%v); TestFullStore stands in", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	ballast := write(t, filepath.Join(dir, "ballast"), string(make([]byte, 1<<20)))
	s, err := sqlite.Open(t.Context(), filepath.Join(dir, "gavel.db"), sqlite.Options{Exclusive: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	checkFull(t, s, func(t *testing.T) {
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	})
}
