package smallfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/gavel-rules/gavel/internal/smallfile"
)

// TestSpecialFiles reads what never ends and what blocks until somebody writes.
func TestSpecialFiles(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	link := pipe + "-link"
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, link, "/dev/zero", "/dev/null"} {
		if content, err := smallfile.Read(path); !errors.Is(err, smallfile.ErrNotRegular) {
			t.Errorf("%s: %d bytes, %v; want a refusal", path, len(content), err)
		}
	}
}
