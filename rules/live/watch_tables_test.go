package live_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/rules/live"
)

// TestWatchTables: a table that rules name is watched like rules, also one that
// is not there yet; another is not.
func TestWatchTables(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "sub"), 0o700))
	file, table := filepath.Join(dir, "rules.yaml"), filepath.Join(dir, "sub", "owners.csv")
	write(t, file, "tables: { owners: sub/owners.csv }")
	x := watch(t, live.Watcher{Paths: []string{file}, Quiet: 5 * time.Millisecond})
	x.untilRules("tables: { owners: sub/owners.csv }")
	for _, content := range []string{"a,b\n", "a,b\n1,2\n"} {
		changed := x.live.Changed()
		write(t, table, content)
		select {
		case <-changed:
		case <-time.After(20 * time.Second):
			t.Fatal("not read again")
		}
	}
}
