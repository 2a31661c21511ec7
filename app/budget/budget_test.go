package budget_test

import (
	"testing"

	"github.com/gavel-rules/gavel/app/budget"
)

func TestMemoryFits(t *testing.T) {
	t.Parallel()
	check := func(m budget.Memory, connections int, bodies int64) {
		t.Helper()
		if got := m.Connections(8192); got != connections {
			t.Errorf("%d bytes: %d connections, want %d", m, got, connections)
		}
		if got := m.Bodies(1<<20, 64<<20); got != bodies {
			t.Errorf("%d bytes: %d bytes of bodies, want %d", m, got, bodies)
		}
	}
	check(0, 8192, 64<<20) // not limited
	check(32<<20, 128, 2<<20)
	check(64<<20, 256, 2<<20)
	check(512<<20, 2048, 16<<20)
	check(2<<30, 8192, 64<<20)
	check(64<<30, 8192, 64<<20)
	check(1<<20, 64, 2<<20)
}

func TestFilesFit(t *testing.T) {
	t.Parallel()
	check := func(f budget.Files, console, connections int) {
		t.Helper()
		if got := f.Console(1024); got != console {
			t.Errorf("%d files: %d connections of the console, want %d", f, got, console)
		}
		if got := f.Connections(8192, f.Console(1024), 64); got != connections {
			t.Errorf("%d files: %d connections, want %d", f, got, connections)
		}
	}
	check(0, 1024, 8192)
	check(128, 16, 16)
	check(1024, 128, 704)
	check(4096, 512, 3392)
	check(65536, 1024, 8192)
}
