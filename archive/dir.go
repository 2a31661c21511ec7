package archive

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// ErrBusy means that another process is changing the archive.
var ErrBusy = errors.New("another process is changing the archive")

const (
	suffix        = ".ndjson.gz"
	pendingSuffix = ".pending"
	tempSuffix    = ".tmp"
)

// Dir is a folder with archived events.
type Dir struct{ path string }

// Create returns the archive in a folder, which it creates if missing. It is an
// error if the folder is not writable.
func Create(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	d := &Dir{path}
	unlock, err := d.tryLock()
	if errors.Is(err, ErrBusy) {
		return d, nil
	}
	if err != nil {
		return nil, err
	}
	defer unlock()
	probe, err := os.CreateTemp(path, "probe-*"+tempSuffix)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	return d, errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// Open returns the archive in an existing folder, for reading and erasing.
func Open(path string) (*Dir, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("archive: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("archive: %q is not a folder", path)
	}
	return &Dir{path}, nil
}

// tryLock keeps other processes from changing the archive, or returns ErrBusy.
func (d *Dir) tryLock() (unlock func(), err error) {
	lock := d.newLock()
	got, err := lock.TryLock()
	return held(lock, got, err)
}

// Lock keeps others from changing the archive until unlock. It waits for the
// lock until ctx ends.
func (d *Dir) Lock(ctx context.Context) (unlock func(), err error) {
	lock := d.newLock()
	got, err := lock.TryLockContext(ctx, 100*time.Millisecond)
	return held(lock, got, err)
}

func (d *Dir) newLock() *flock.Flock {
	return flock.New(filepath.Join(d.path, ".lock"), flock.SetPermissions(0o600))
}

func held(lock *flock.Flock, got bool, err error) (unlock func(), _ error) {
	switch {
	case err != nil:
		return nil, fmt.Errorf("archive: %w", err)
	case !got:
		return nil, ErrBusy
	}
	return func() { _ = lock.Unlock() }, nil // the end of the process unlocks it too
}

// file is one file of the archive.
type file struct {
	dir  string
	day  time.Time // 00:00 UTC
	name string    // without pendingSuffix
}

// path returns the file's current path: a pending file may be renamed at any
// time.
func (f file) path() string {
	path := filepath.Join(f.dir, f.name)
	if _, err := os.Stat(path); err != nil {
		if _, err := os.Stat(path + pendingSuffix); err == nil {
			return path + pendingSuffix
		}
	}
	return path
}

// files lists the archive in the order of days and, for each day, of when it
// was written.
func (d *Dir) files() ([]file, error) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	var out []file
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), pendingSuffix)
		day, ok := dayOf(name)
		if !ok {
			continue
		}
		f := file{d.path, day, name}
		if !slices.Contains(out, f) { // renamed while the folder was read
			out = append(out, f)
		}
	}
	slices.SortStableFunc(out, func(a, b file) int { return a.day.Compare(b.day) })
	return out, nil
}

// End returns the end of the last archived day; the zero time when there is none.
func (d *Dir) End() (time.Time, error) {
	files, err := d.files()
	if err != nil || len(files) == 0 {
		return time.Time{}, err
	}
	return files[len(files)-1].day.AddDate(0, 0, 1), nil
}

func dayOf(name string) (time.Time, bool) {
	if !strings.HasSuffix(name, suffix) || len(name) < len(time.DateOnly) {
		return time.Time{}, false
	}
	day, err := time.Parse(time.DateOnly, name[:len(time.DateOnly)])
	return day, err == nil
}

// newName is unique among all processes, and sorts by time of creation.
func newName(day, now time.Time) string {
	random := make([]byte, 4)
	_, _ = rand.Read(random) // never fails; it would end the program
	return fmt.Sprintf("%s.%s-%s%s", day.Format(time.DateOnly), now.UTC().Format("20060102T150405.000Z"), hex.EncodeToString(random), suffix)
}

// withSuffix lists the paths of files that end with suffix.
func (d *Dir) withSuffix(suffix string) ([]string, error) {
	return filepath.Glob(filepath.Join(escapeGlob(d.path), "*"+suffix))
}

func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// sync writes the folder's entries to disk.
func (d *Dir) sync() error {
	f, err := os.Open(d.path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
