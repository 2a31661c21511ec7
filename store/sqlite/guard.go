package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	lib "modernc.org/sqlite/lib"

	"github.com/gavel-rules/gavel/event"
)

// guard notices that the files of the database are no longer those that were
// opened, or that what they hold is damaged. SQLite itself goes on writing into
// a file that was removed, and nothing of that can be read again.
type guard struct {
	path       string
	opened     []opened
	held       *os.File // nil unless exclusive
	generation uint32   // that the held file carries; 0 when it could not be marked
	foreign    bool     // the last check found another file under one of the names
	damage     atomic.Pointer[string]
}

// opened is one of the files as it was when the database was opened.
type opened struct {
	path string
	info os.FileInfo
}

// note remembers the files as they are now.
func (g *guard) note() {
	g.opened = nil
	for _, suffix := range []string{"", "-wal", "-shm"} {
		// What is not there is not used either.
		if info, err := os.Stat(g.path + suffix); err == nil {
			g.opened = append(g.opened, opened{g.path + suffix, info})
		}
	}
}

// check says why the database can no longer be trusted with anything. It is
// cheap enough for every transaction.
func (g *guard) check() error {
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
				missing = fmt.Errorf("%w: %q was removed while Gavel uses it; put it back, or stop Gavel, %s", event.ErrUnavailable, f.path, restore)
			}
		case err != nil:
			return fmt.Errorf("%w: %q cannot be found any more: %w", event.ErrUnavailable, f.path, err)
		case !os.SameFile(f.info, now):
			g.foreign = true
			return fmt.Errorf("%w: %q was replaced while Gavel uses it; stop Gavel, %s", event.ErrUnavailable, f.path, restore)
		}
	}
	if g.generation == 0 {
		return missing
	}
	if generation, err := readGeneration(g.held); err != nil || generation != g.generation {
		g.foreign = true
		return fmt.Errorf("%w: %q was overwritten while Gavel uses it; stop Gavel, %s", event.ErrUnavailable, g.path, restore)
	}
	return missing
}

const restore = "restore a backup with \"gavel restore\", and start again"

// damaged notes that SQLite found the database damaged: nothing is stored from
// then on, because it might not be found again.
func (g *guard) damaged(err error) error {
	switch code(err) {
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		words := fmt.Sprintf("the database %q is damaged (%v); stop Gavel and restore a backup with \"gavel restore\", "+
			"or save what can be read with the command .recover of the sqlite3 shell", g.path, err)
		g.damage.CompareAndSwap(nil, &words)
		return fmt.Errorf("%w: %s", event.ErrUnavailable, *g.damage.Load())
	}
	return err
}

// The header of a SQLite file has a number that is free for its user. A store
// that is served from carries another one after each start, so that a file
// that was copied over it is told from it.
const generationAt = 60

// readGeneration returns the number in the file itself, whatever the
// write-ahead log says; 0 for a file that was not served from.
func readGeneration(f io.ReaderAt) (uint32, error) {
	var raw [4]byte
	if _, err := f.ReadAt(raw[:], generationAt); err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint32(raw[:]), nil
}
