package guard

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// Look checks the files before SQLite opens them, and takes the serve lock
// before that if hold is set. doubtful means that the database must be checked
// before it is served. A held file stays open until Close: closing it earlier
// would release SQLite's own locks.
func (g *Guard) Look(hold bool) (doubtful bool, err error) {
	if hold {
		return g.hold()
	}
	f, err := os.Open(g.path)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }() // opened for reading
	return inspect(g.path, g.Lock.Path(), f)
}

func (g *Guard) hold() (doubtful bool, err error) {
	taken, err := g.Lock.TryLock()
	if err != nil {
		return false, fmt.Errorf("lock %q: %w; check the permissions of the folder", g.Lock.Path(), err)
	}
	if !taken {
		return false, fmt.Errorf("another process serves from it (lock %q); stop it first, or use PostgreSQL to share the work", g.Lock.Path())
	}
	if g.held, err = os.OpenFile(g.path, os.O_RDWR, 0); err != nil {
		return false, err
	}
	if taken, err = lockFile(g.held); err != nil {
		return false, fmt.Errorf("lock the file: %w", err)
	}
	if !taken {
		return false, errors.New("another process serves from this file, perhaps under another name; stop it first, or use PostgreSQL to share the work")
	}
	return inspect(g.path, g.Lock.Path(), g.held)
}

// Mark gives the held file a new generation, and makes SQLite write the whole
// write-ahead log into the file: set does both.
func (g *Guard) Mark(set func(generation uint32) error) error {
	before, err := readGeneration(g.held)
	if err != nil {
		return err
	}
	now := &lastStop{Generation: 1 + rand.Uint32N(1<<31-1), Previous: before}
	if err := now.write(g.Lock.Path()); err != nil {
		return err
	}
	// A command that reads at the same time may prevent the write; then
	// nothing is compared, and both generations are valid.
	if err := set(now.Generation); err != nil {
		return err
	}
	if found, err := readGeneration(g.held); err != nil || found != now.Generation {
		return err
	}
	g.generation = now.Generation
	now.Previous = 0
	return now.write(g.Lock.Path())
}

// Close releases the file and the lock. stopped says that SQLite has closed
// the database, so that the lock file can record whether everything was
// written into it.
func (g *Guard) Close(stopped bool) error {
	var errs []error
	if g.held != nil {
		if stopped {
			errs = append(errs, g.stopped())
		}
		errs = append(errs, g.held.Close())
	}
	return errors.Join(append(errs, g.Lock.Close())...)
}

// stopped records that everything was written into the file.
func (g *Guard) stopped() error {
	info, err := os.Stat(g.path)
	if err != nil {
		return err
	}
	generation, err := readGeneration(g.held)
	if err != nil {
		return err
	}
	log, err := os.Stat(g.path + "-wal")
	clean := err != nil || log.Size() == 0 // a command may still have it open
	l := lastStop{Generation: generation, Clean: clean, Size: info.Size(), Modified: info.ModTime()}
	return l.write(g.Lock.Path())
}

// WhileFree calls do while no process can serve the database, which need not
// exist. It returns an error if one does.
func WhileFree(path string, do func() error) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	lock := flock.New(path+".lock", flock.SetPermissions(FileMode))
	held, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("lock %q: %w; check that the folder exists and can be written", lock.Path(), err)
	}
	if !held {
		return errServed
	}
	defer func() { _ = lock.Close() }() // the end of the process unlocks it too
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return do()
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // nothing was written to it
	if held, err = lockFile(file); err != nil {
		return err
	}
	if !held {
		return errServed
	}
	return do()
}

var errServed = errors.New("gavel serve is using this database; stop it first")
