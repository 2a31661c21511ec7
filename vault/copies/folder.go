package copies

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

const (
	// stamp is the time in a name.
	stamp = "20060102T150405Z"
	// Temporary begins the names of files that are not complete.
	Temporary = ".gavel-scheduled-"
	// sumSuffix is added to the name of an unencrypted copy for its checksum.
	sumSuffix = ".sha256"
	lockName  = ".gavel-backups.lock"
)

// Folder holds the copies of one database.
type Folder struct {
	Path string
	// Name begins the names of the copies; other files are left alone.
	Name string

	lock *flock.Flock
}

// Copy is one complete backup.
type Copy struct {
	Path  string
	Time  time.Time // the moment that it shows
	Bytes int64
}

// ErrBusy says that another process makes backups in the folder.
var ErrBusy = errors.New("another process makes backups in this folder; give each Gavel a folder of its own")

// Hold reserves the folder for this process until Release, and removes what a
// killed process left there.
func (f *Folder) Hold() error {
	if info, err := os.Stat(f.Path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the folder %q does not exist; create it, or mount its disk", f.Path)
	} else if err != nil {
		return err
	} else if !info.IsDir() {
		return fmt.Errorf("%q is not a folder", f.Path)
	}
	lock := flock.New(filepath.Join(f.Path, lockName), flock.SetPermissions(0o600))
	held, err := lock.TryLock()
	switch {
	case err != nil && !errors.Is(err, errors.ErrUnsupported):
		return fmt.Errorf("lock %q: %w", lock.Path(), err)
	case err == nil && !held:
		return fmt.Errorf("%q: %w", f.Path, ErrBusy)
	}
	f.lock = lock
	left, _ := filepath.Glob(filepath.Join(f.Path, Temporary+"*")) // the pattern is valid
	for _, file := range left {
		_ = os.Remove(file) // on an error it only takes space
	}
	f.removeSums()
	return nil
}

// removeSums removes checksums whose copy was removed, or never got its name.
func (f *Folder) removeSums() {
	sums, _ := filepath.Glob(filepath.Join(f.Path, f.Name+"-*.db"+sumSuffix)) // without special characters, the pattern is valid
	for _, sum := range sums {
		if _, err := os.Lstat(strings.TrimSuffix(sum, sumSuffix)); errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(sum) // on an error it only takes space
		}
	}
}

// Release lets another process use the folder.
func (f *Folder) Release() error {
	if f.lock == nil {
		return nil
	}
	return f.lock.Close()
}

// Held reports whether this process holds the folder.
func (f *Folder) Held() bool { return f.lock != nil }

// Next returns the name of a copy that shows a moment.
func (f *Folder) Next(at time.Time, encrypted bool) string {
	suffix := ".db"
	if encrypted {
		suffix += ".age"
	}
	return filepath.Join(f.Path, f.Name+"-"+at.UTC().Format(stamp)+suffix)
}

// Copies lists the complete backups, the newest first. Those of a future moment,
// made while the clock was wrong, come last.
func (f *Folder) Copies(now time.Time) ([]Copy, error) {
	entries, err := os.ReadDir(f.Path)
	if err != nil {
		return nil, err
	}
	name := regexp.MustCompile(`^` + regexp.QuoteMeta(f.Name) + `-(\d{8}T\d{6}Z)\.db(\.age)?$`)
	var out []Copy
	for _, e := range entries {
		m := name.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		at, err := time.Parse(stamp, m[1])
		info, infoErr := e.Info()
		if err != nil || infoErr != nil || !info.Mode().IsRegular() || info.Size() == 0 {
			continue
		}
		out = append(out, Copy{filepath.Join(f.Path, e.Name()), at, info.Size()})
	}
	slices.SortFunc(out, func(a, b Copy) int {
		return cmp.Or(compareBool(a.Time.After(now), b.Time.After(now)), b.Time.Compare(a.Time))
	})
	return out, nil
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// Thin removes all but the newest copies, but never the given one, and returns
// which.
func (f *Folder) Thin(now time.Time, keep int, made string) ([]string, error) {
	all, err := f.Copies(now)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(c Copy) bool { return c.Path == made })
	var gone []string
	for _, c := range all[min(len(all), max(0, keep-1)):] {
		if err := os.Remove(c.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return gone, err
		}
		if err := os.Remove(c.Path + sumSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return gone, err
		}
		gone = append(gone, filepath.Base(c.Path))
	}
	return gone, nil
}

// NameOf returns the first part of the names of the copies of a database file.
func NameOf(database string) string {
	base := filepath.Base(database)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// TimeOf returns the moment that a copy shows according to its name; zero if
// the name does not say.
func TimeOf(file string) time.Time {
	m := regexp.MustCompile(`-(\d{8}T\d{6}Z)\.db(\.age)?$`).FindStringSubmatch(file)
	if m == nil {
		return time.Time{}
	}
	at, _ := time.Parse(stamp, m[1]) // zero otherwise
	return at
}
