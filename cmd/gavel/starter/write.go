package starter

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// writeAll writes all files or none. Each is written beside first and gets its
// name when complete, so that no half of one is ever seen.
func writeAll(dir string, files []file) (err error) {
	made, err := makeFolder(dir)
	if err != nil {
		return fmt.Errorf("make the folder: %w; nothing was written", err)
	}
	stage, err := os.MkdirTemp(dir, ".gavel-init-*")
	if err != nil {
		return fmt.Errorf("write to %s: %w; nothing was written", dir, errors.Join(err, made.remove()))
	}
	var named []string
	defer func() {
		left := os.RemoveAll(stage)
		if err != nil {
			for _, name := range named {
				left = errors.Join(left, os.Remove(name))
			}
			err = errors.Join(err, left, made.remove())
		}
	}()
	for _, f := range files {
		if err := writeFile(filepath.Join(stage, f.name), f); err != nil {
			return fmt.Errorf("%w; nothing was written", err)
		}
	}
	for _, f := range files {
		name := filepath.Join(dir, f.name)
		if err := place(filepath.Join(stage, f.name), name); errors.Is(err, fs.ErrExist) {
			return existError(dir, []string{f.name})
		} else if err != nil {
			return fmt.Errorf("%w; nothing was written", err)
		}
		named = append(named, name)
	}
	return nil
}

// place gives a complete file its name, unless that is taken.
func place(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	// Some file systems have no links.
	if _, err := os.Lstat(to); err == nil {
		return fs.ErrExist
	}
	return os.Rename(from, to)
}

func writeFile(path string, f file) error {
	mode := f.mode
	if mode == 0 {
		mode = 0o644
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = out.Write(f.content)
	// Whoever runs Gavel must be able to read it, whatever the umask.
	return errors.Join(err, out.Chmod(mode), out.Sync(), out.Close())
}

// folders are those that were made, the deepest last.
type folders []string

func (f folders) remove() error {
	var problems []error
	for i := len(f) - 1; i >= 0; i-- {
		problems = append(problems, os.Remove(f[i]))
	}
	return errors.Join(problems...)
}

// makeFolder makes a folder with those above it, and returns what it made.
func makeFolder(dir string) (folders, error) {
	if _, err := os.Stat(dir); err == nil {
		return nil, nil
	}
	above, err := makeFolder(filepath.Dir(dir))
	if err != nil {
		return above, err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return above, errors.Join(err, above.remove())
	}
	return append(above, dir), os.Chmod(dir, 0o755)
}
