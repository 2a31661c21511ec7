package export

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gavel-rules/gavel/event"
)

// File is an export on disk. Until Finish its name is NAME.part, and
// NAME.part.json records the progress, from which an interrupted export
// continues.
type File struct {
	name  string
	state fileState
	file  *os.File
	w     *bufio.Writer
}

// fileState is the content of NAME.part.json.
type fileState struct {
	// What identifies rows and format, so that nothing else is appended.
	What   string `json:"what"`
	Cursor string `json:"cursor"` // after the last complete row
	Size   int64  `json:"size"`   // bytes of complete rows
}

func (f *File) part() string      { return f.name + ".part" }
func (f *File) statePath() string { return f.name + ".part.json" }

// Open creates the file, or continues it if a cursor is given. what identifies
// the rows and their format. The error wraps event.ErrConflict if a file of
// another export exists, or if the cursor does not match.
func Open(name, what, cursor string) (*File, error) {
	f := &File{name: name, state: fileState{What: what, Cursor: cursor}}
	_, begun := os.Stat(f.part())
	whole, done := os.Stat(name)
	var err error
	switch {
	case begun == nil:
		err = f.resume(cursor)
	case done == nil && cursor == "":
		return nil, fmt.Errorf("%w: %q exists; choose another --out, or add to it with --cursor and the cursor it ended with", event.ErrConflict, name)
	case done == nil:
		f.state.Size = whole.Size()
		if err = f.save(); err == nil {
			err = os.Rename(name, f.part())
		}
	default:
		err = f.save()
	}
	if err != nil {
		return nil, err
	}
	if f.file, err = os.OpenFile(f.part(), os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		return nil, err
	}
	// Anything after the last complete row is discarded.
	if err = f.file.Truncate(f.state.Size); err == nil {
		_, err = f.file.Seek(f.state.Size, 0)
	}
	if err != nil {
		return nil, errors.Join(err, f.file.Close())
	}
	f.w = bufio.NewWriterSize(f.file, 1<<16)
	return f, nil
}

// resume reads the progress of an earlier export.
func (f *File) resume(cursor string) error {
	text, err := os.ReadFile(f.statePath())
	var known fileState
	if err != nil || json.Unmarshal(text, &known) != nil {
		return fmt.Errorf("%w: %q exists and %q does not record its progress; remove it", event.ErrConflict, f.part(), f.statePath())
	}
	switch {
	case known.What != f.state.What:
		return fmt.Errorf("%w: %q contains another export (%s); choose another --out, or remove it", event.ErrConflict, f.part(), known.What)
	case known.Cursor != cursor:
		return fmt.Errorf("%w: %q is incomplete; continue with --cursor %s, or remove it", event.ErrConflict, f.part(), known.Cursor)
	}
	f.state = known
	return nil
}

// Empty reports whether nothing has been written yet.
func (f *File) Empty() bool { return f.state.Size == 0 }

// Write appends to the file; the data counts only after Mark.
func (f *File) Write(p []byte) (int, error) { return f.w.Write(p) }

// Mark syncs the file and records that it consists of complete rows up to the
// cursor.
func (f *File) Mark(cursor string) error {
	if err := errors.Join(f.w.Flush(), f.file.Sync()); err != nil {
		return err
	}
	size, err := f.file.Seek(0, 1)
	if err != nil {
		return err
	}
	f.state.Cursor, f.state.Size = cursor, size
	return f.save()
}

// Finish syncs the file and gives it its final name.
func (f *File) Finish() error {
	if err := errors.Join(f.w.Flush(), f.file.Sync()); err != nil {
		return err
	}
	if err := os.Rename(f.part(), f.name); err != nil {
		return err
	}
	if err := os.Remove(f.statePath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Close closes the file; without Finish it stays NAME.part.
func (f *File) Close() error { return f.file.Close() }

func (f *File) save() error {
	text, err := json.Marshal(f.state)
	if err != nil {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(f.name), filepath.Base(f.name)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = next.Write(append(text, '\n'))
	if err = errors.Join(err, next.Sync(), next.Close()); err == nil {
		err = os.Rename(next.Name(), f.statePath())
	}
	if err != nil {
		return errors.Join(err, os.Remove(next.Name()))
	}
	return nil
}
