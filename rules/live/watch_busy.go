package live

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// busyAt is how many changes to other files within busySpan make a directory
	// busy. A database beside the rules changes its log thousands of times a
	// second, and each change would wake the process.
	busyAt   = 200
	busySpan = time.Second
	// busyPoll is how often files are looked at instead of watching a busy
	// directory.
	busyPoll = 500 * time.Millisecond
)

// busy finds directories in which too much else happens to watch them.
type busy struct {
	since   time.Time
	changes map[string]int // since then, by directory
	dirs    map[string]bool
	stamps  string // of the rule files at the last look
}

// note counts a change to a file that is no concern of ours. It reports whether
// it makes the directory busy.
func (b *busy) note(name string, now time.Time) bool {
	if b.changes == nil || now.Sub(b.since) > busySpan {
		b.since, b.changes = now, map[string]int{}
	}
	dir := filepath.Dir(name)
	b.changes[dir]++
	if b.changes[dir] < busyAt || b.dirs[dir] {
		return false
	}
	if b.dirs == nil {
		b.dirs = map[string]bool{}
	}
	b.dirs[dir] = true
	return true
}

// changed reports whether a rule file looks different from the last look, by its
// size and time. The slower poll reads the contents.
func (b *busy) changed(paths []string) bool {
	var now strings.Builder
	for _, name := range ruleFiles(paths) {
		info, err := os.Stat(name)
		if err != nil || info.IsDir() { // a directory changes with every file in it
			fmt.Fprintln(&now, name)
			continue
		}
		fmt.Fprintln(&now, name, info.Size(), info.ModTime().UnixNano())
	}
	before := b.stamps
	b.stamps = now.String()
	return before != b.stamps
}
