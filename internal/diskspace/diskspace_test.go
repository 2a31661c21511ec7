package diskspace_test

import (
	"path/filepath"
	"testing"

	"github.com/gavel-rules/gavel/internal/diskspace"
)

func TestOf(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{dir, filepath.Join(dir, "not there yet")} {
		if free, size := diskspace.Of(name); free <= 0 || size < free {
			t.Errorf("%s: %d of %d", name, free, size)
		}
	}
	if free, size := diskspace.Of(filepath.Join(dir, "no", "such", "folder")); free != 0 || size != 0 {
		t.Errorf("no folder: %d of %d", free, size)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for bytes, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_990: "1.0 MB", 1_500_000: "1.5 MB", 2_340_000_000: "2.3 GB", 5e15: "5000.0 TB"} {
		if got := diskspace.Words(bytes); got != want {
			t.Errorf("%d: %q, want %q", bytes, got, want)
		}
	}
}
