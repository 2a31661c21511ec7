package smallfile_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gavel-rules/gavel/internal/smallfile"
)

func TestRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name string, size int) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, bytes.Repeat([]byte("x"), size), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	check := func(path, wantText string, want error) {
		t.Helper()
		content, err := smallfile.ReadAtMost(path, 10)
		switch {
		case want == nil && (err != nil || len(content) != 10):
			t.Errorf("%s: %q, %v", path, content, err)
		case want != nil && (!errors.Is(err, want) || !strings.Contains(err.Error(), wantText)):
			t.Errorf("%s: %v, want %v with %q", path, err, want, wantText)
		}
	}
	good := write("good", 10)
	link := filepath.Join(dir, "link")
	if err := os.Symlink(good, link); err != nil {
		t.Skip(err)
	}
	check(good, "", nil)
	check(link, "", nil)
	check(write("large", 11), "larger than 10 B", smallfile.ErrTooLarge)
	check(dir, "is a folder", smallfile.ErrNotRegular)
	check(filepath.Join(dir, "none"), "was not found", fs.ErrNotExist)
	check(filepath.Join(good, "below"), `below" cannot be read: not a directory`, syscall.ENOTDIR)
	check("a\x00b", `"a\x00b" cannot be read: invalid argument`, syscall.EINVAL)
	if os.Geteuid() != 0 {
		hidden := write("hidden", 10)
		if err := os.Chmod(hidden, 0); err != nil {
			t.Fatal(err)
		}
		check(hidden, "no permission to read ", fs.ErrPermission)
	}
}

// TestLimit: as much as is allowed is read, whole, and not one byte more.
func TestLimit(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "large")
	for size, want := range map[int64]string{smallfile.Limit: "", smallfile.Limit + 1: `"` + path + `" is larger than 4 MiB`} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		content, err := smallfile.Read(path)
		switch {
		case want == "" && (err != nil || int64(len(content)) != size):
			t.Errorf("%d bytes: %d, %v", size, len(content), err)
		case want != "" && (err == nil || err.Error() != want || content != nil):
			t.Errorf("%d bytes: %d, %v; want %s", size, len(content), err, want)
		}
	}
	if err := os.Truncate(path, smallfile.Limit+1); err != nil {
		t.Fatal(err)
	}
	if _, err := smallfile.ReadText(path); !errors.Is(err, smallfile.ErrTooLarge) {
		t.Error(err)
	}
	if err := os.WriteFile(path, []byte("\ufeffwords"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := smallfile.ReadText(path); err != nil || s != "words" {
		t.Errorf("%q, %v", s, err)
	}
}
