package live_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/rules/live"
)

// TestWatchHalfWritten: a valid half of a file is not taken while its writer
// has not closed it.
func TestWatchHalfWritten(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "rules.yaml")
	write(t, file, "one two three")
	x := watch(t, live.Watcher{Paths: []string{file}, Quiet: 5 * time.Millisecond, Longest: 10 * time.Millisecond, Patience: time.Hour})
	x.untilRules("one two three")
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_TRUNC, 0)
	must(t, err)
	for _, part := range []string{"ten ", "eleven ", "twelve"} {
		_, err := f.WriteString(part)
		must(t, err)
		select {
		case <-x.live.Changed():
			t.Errorf("read while it was written: %+v", x.live.Status())
		case <-time.After(50 * time.Millisecond):
		}
	}
	must(t, f.Close())
	x.untilRules("ten eleven twelve")
	x.mu.Lock()
	defer x.mu.Unlock()
	if want := []string{"one two three", "ten eleven twelve"}; !slices.Equal(x.taken, want) {
		t.Errorf("sets in force were %q, want %q", x.taken, want)
	}
}

// TestWatchOpenForLong: a program that never closes the file does not block
// its rules forever.
func TestWatchOpenForLong(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "rules.yaml")
	write(t, file, "one")
	x := watch(t, live.Watcher{Paths: []string{file}, Patience: time.Millisecond})
	x.untilRules("one")
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_TRUNC, 0)
	must(t, err)
	defer f.Close()
	_, err = f.WriteString("two")
	must(t, err)
	x.untilRules("two")
}
