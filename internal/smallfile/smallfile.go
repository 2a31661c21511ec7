// Package smallfile reads the small files that rules and settings name: keys,
// certificates, secrets, tokens. A name may lead anywhere, so only a regular
// file is opened, which cannot block like a named pipe or be endless like
// /dev/zero, and only up to a limit is read.
package smallfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/dustin/go-humanize"
)

// Limit is far above what a key, a certificate bundle or a secret needs.
const Limit = 4 << 20

// ErrNotRegular says that a name leads to a device, a pipe, a socket or a
// folder.
var ErrNotRegular = errors.New("not a regular file")

// ErrTooLarge says that a file is larger than allowed.
var ErrTooLarge = errors.New("too large")

// fault is an error with a text for people.
type fault struct {
	text string
	err  error
}

// Error returns the file and the problem.
func (f *fault) Error() string { return f.text }

// Unwrap returns the cause.
func (f *fault) Unwrap() error { return f.err }

// Read returns the content of a file of at most Limit bytes.
func Read(path string) ([]byte, error) { return ReadAtMost(path, Limit) }

// ReadAtMost is Read with another limit in bytes.
func ReadAtMost(path string, limit int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, inWords(path, err)
	case int64(len(content)) > limit:
		return nil, &fault{fmt.Sprintf("%q is larger than %s", path, strings.Replace(humanize.IBytes(uint64(limit)), ".0 ", " ", 1)), ErrTooLarge}
	}
	return content, nil
}

// Open opens a regular file, or a link to one, for reading.
func Open(path string) (*os.File, error) {
	// Checked before opening, because opening a device can already have
	// effects, and after, because the name may lead to another file by then.
	info, err := os.Stat(path)
	if err != nil {
		return nil, inWords(path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, irregular(path, info.Mode())
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, inWords(path, err)
	}
	if info, err = f.Stat(); err == nil && info.Mode().IsRegular() {
		return f, nil
	}
	f.Close()
	if err != nil {
		return nil, inWords(path, err)
	}
	return nil, irregular(path, info.Mode())
}

func irregular(path string, mode fs.FileMode) error {
	what := "not a regular file"
	switch {
	case mode.IsDir():
		what = "a folder"
	case mode&fs.ModeNamedPipe != 0:
		what = "a named pipe, not a regular file"
	case mode&fs.ModeDevice != 0:
		what = "a device, not a regular file"
	case mode&fs.ModeSocket != 0:
		what = "a socket, not a regular file"
	}
	return &fault{fmt.Sprintf("%q is %s", path, what), ErrNotRegular}
}

func inWords(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &fault{fmt.Sprintf("%q was not found", path), err}
	case errors.Is(err, fs.ErrPermission):
		return &fault{fmt.Sprintf("no permission to read %q", path), err}
	}
	var inner *fs.PathError
	if errors.As(err, &inner) {
		return &fault{fmt.Sprintf("%q cannot be read: %s", path, inner.Err), err}
	}
	return &fault{fmt.Sprintf("%q cannot be read: %s", path, err), err}
}
