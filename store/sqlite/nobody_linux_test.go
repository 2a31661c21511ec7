package sqlite_test

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/store/sqlite"
)

// nobody is the user without rights on Linux.
const nobody = 65534

// asNobody gives path and its folders to nobody and lets the rest of the test
// see files as nobody does. The superuser, as whom CI runs, may write anything.
func asNobody(t *testing.T, path string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	for _, p := range []string{path, filepath.Dir(path), filepath.Dir(filepath.Dir(path))} {
		if err := os.Chown(p, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	// The thread is never given back, so it ends with the test.
	runtime.LockOSThread()
	if err := syscall.Setfsuid(nobody); err != nil {
		t.Fatal(err)
	}
}

// TestRestoredBySuperuser: what root restores belongs to whom the folder or the
// database belongs, who serves it.
func TestRestoredBySuperuser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		testkit.Lack(t, "only the superuser gives files away; run the tests as root")
	}
	folder := t.TempDir()
	if err := os.Chown(folder, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "gavel.db")
	backup := backedUp(t, "a")
	for _, force := range []bool{false, true} {
		if _, err := sqlite.Restore(t.Context(), sqlite.Restoring{Backup: backup, Path: path, Force: force, Now: noon()}); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{path, path + ".lock"} {
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			if owner := info.Sys().(*syscall.Stat_t); owner.Uid != nobody || owner.Gid != nobody {
				t.Errorf("force %v: %s belongs to %d:%d", force, filepath.Base(file), owner.Uid, owner.Gid)
			}
		}
	}
}
