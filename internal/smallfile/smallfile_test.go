package smallfile_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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
		case want == nil && (err != nil || len(content) == 0):
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
}
