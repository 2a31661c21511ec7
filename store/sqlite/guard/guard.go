// Package guard protects a served database from other processes and from
// damage: it holds the serve lock, and checks that the files are still those
// that were opened.
package guard

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/gofrs/flock"
	lib "modernc.org/sqlite/lib"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/sqlite/conn"
)

// Guard notices when the files of the database are no longer those that were
// opened, or are damaged. SQLite itself would keep writing into a removed
// file, and all of that would be lost.
type Guard struct {
	// Lock is <file>.lock; it is held while serving from the database, or
	// changing its schema.
	Lock *flock.Flock

	path       string
	opened     []opened
	held       *os.File // nil unless exclusive
	generation uint32   // of the held file; 0 when it could not be marked
	foreign    bool     // the last check found another file under one of the names
	damage     atomic.Pointer[string]
}

// New returns the guard of a database file. The name must not contain symbolic
// links.
func New(file string) *Guard {
	return &Guard{path: file, Lock: flock.New(file+".lock", flock.SetPermissions(FileMode))}
}

// FileMode hides the events, which contain personal data, from other users.
const FileMode = 0o600

// opened is one of the files as it was when the database was opened.
type opened struct {
	path string
	info os.FileInfo
}

// Note remembers the present files.
func (g *Guard) Note() {
	g.opened = nil
	for _, suffix := range []string{"", "-wal", "-shm"} {
		// A missing file is not in use.
		if info, err := os.Stat(g.path + suffix); err == nil {
			g.opened = append(g.opened, opened{g.path + suffix, info})
		}
	}
}

// Check says why the database is no longer safe to use. It is cheap enough for
// every transaction.
func (g *Guard) Check() error {
	if words := g.damage.Load(); words != nil {
		return fmt.Errorf("%w: %s", event.ErrUnavailable, *words)
	}
	var missing error
	g.foreign = false
	for _, f := range g.opened {
		now, err := os.Stat(f.path)
		switch {
		case errors.Is(err, os.ErrNotExist):
			if missing == nil {
				missing = fmt.Errorf("%w: %q was removed while in use; put it back, or stop Gavel, %s", event.ErrUnavailable, f.path, restore)
			}
		case err != nil:
			return fmt.Errorf("%w: %q cannot be found: %w", event.ErrUnavailable, f.path, err)
		case !os.SameFile(f.info, now):
			g.foreign = true
			return fmt.Errorf("%w: %q was replaced while in use; stop Gavel, %s", event.ErrUnavailable, f.path, restore)
		}
	}
	if g.generation == 0 {
		return missing
	}
	if generation, err := readGeneration(g.held); err != nil || generation != g.generation {
		g.foreign = true
		return fmt.Errorf("%w: %q was overwritten while in use; stop Gavel, %s", event.ErrUnavailable, g.path, restore)
	}
	return missing
}

// Foreign reports whether the last Check found another file under one of the
// names.
func (g *Guard) Foreign() bool { return g.foreign }

const restore = "restore a backup with \"gavel restore\", and start again"

// Damaged records that SQLite found the database damaged: nothing is stored
// from then on, because it might be unreadable later.
func (g *Guard) Damaged(err error) error {
	switch conn.Code(err) {
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		words := fmt.Sprintf("the database %q is damaged (%v); stop Gavel and restore a backup with \"gavel restore\", "+
			"or recover readable data with .recover in the sqlite3 shell", g.path, err)
		g.damage.CompareAndSwap(nil, &words)
		return fmt.Errorf("%w: %s", event.ErrUnavailable, *g.damage.Load())
	}
	return err
}
