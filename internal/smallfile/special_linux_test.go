package smallfile_test

import (
	"errors"
	"fmt"
	"net"
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
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	for path, what := range map[string]string{
		pipe: "a named pipe, not a regular file", link: "a named pipe, not a regular file", socket: "a socket, not a regular file",
		"/dev/zero": "a device, not a regular file", "/dev/null": "a device, not a regular file", filepath.Dir(pipe): "a folder",
	} {
		content, err := smallfile.Read(path)
		if want := fmt.Sprintf("%q is %s", path, what); !errors.Is(err, smallfile.ErrNotRegular) || err.Error() != want {
			t.Errorf("%d bytes, %v; want %s", len(content), err, want)
		}
	}
}
