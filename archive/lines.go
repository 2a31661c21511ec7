package archive

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
)

// lines reads one file line by line.
type lines struct {
	file   *os.File
	name   string
	number int
	r      *bufio.Reader
}

func openLines(path string) (*lines, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	gz, err := gzip.NewReader(bufio.NewReaderSize(file, 1<<16))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("archive: %q: %w", filepath.Base(path), err), file.Close())
	}
	return &lines{file: file, name: filepath.Base(path), r: bufio.NewReaderSize(gz, 1<<16)}, nil
}

// text returns the next line; nil and io.EOF at the end.
func (l *lines) text() ([]byte, error) {
	l.number++
	text, err := l.r.ReadBytes('\n')
	switch {
	case errors.Is(err, io.EOF) && len(text) == 0:
		return nil, io.EOF
	case err != nil:
		// Files are complete before they are renamed.
		return nil, fmt.Errorf("archive: %q is damaged at line %d: %w", l.name, l.number, err)
	}
	return text, nil
}

// next returns the next line; nil and io.EOF at the end.
func (l *lines) next() (*event.Line, error) {
	text, err := l.text()
	if err != nil {
		return nil, err
	}
	line, err := decode.Line(text)
	if err != nil {
		return nil, fmt.Errorf("archive: %q, line %d: %w", l.name, l.number, err)
	}
	return line, nil
}

// close closes the file, which was only read.
func (l *lines) close() { _ = l.file.Close() }
