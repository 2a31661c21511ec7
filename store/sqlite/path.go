package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/sqlite/guard"
)

// checkPath explains what SQLite would only report as "unable to open".
func checkPath(path string, o Options) error {
	if path == "" {
		return errors.New("open store: no file name")
	}
	folder := filepath.Dir(path)
	switch info, err := os.Stat(folder); {
	case errors.Is(err, fs.ErrNotExist):
		return away{fmt.Errorf("open store %q: the folder %q does not exist; create it first", path, folder)}
	case err != nil:
		return fmt.Errorf("open store %q: %w", path, err)
	case !info.IsDir():
		return fmt.Errorf("open store %q: %q is not a folder", path, folder)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && (o.MustExist || o.ReadOnly):
		return fmt.Errorf("open store %q: there is no such database: %w", path, err)
	case errors.Is(err, fs.ErrNotExist):
		// SQLite gives the files beside the database the same mode.
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, guard.FileMode)
		if err != nil {
			return fmt.Errorf("open store %q: create it: %w", path, err)
		}
		return f.Close()
	case err != nil:
		return fmt.Errorf("open store %q: %w", path, err)
	case info.IsDir():
		return fmt.Errorf("open store %q: it is a folder; name a file", path)
	}
	if o.ReadOnly {
		return nil
	}
	return checkAccess(path)
}

// checkAccess opens the file for writing, because that error says more than
// SQLite's.
func checkAccess(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("open store %q: the database cannot be written; make the file and its folder writable for this user: %w", path, err)
	}
	return f.Close()
}

// away is an error that may be temporary, such as a disk that is not mounted
// yet.
type away struct{ error }

// Is implements the interface of errors.Is.
func (away) Is(target error) bool { return target == event.ErrUnavailable }
