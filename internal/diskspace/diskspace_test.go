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
