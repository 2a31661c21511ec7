// Package imports reads events that another database has exported or archived, and
// stores them as history: they start no runs, move none, and send nothing.
package imports

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/privacy"
)

// Store is where events are stored.
type Store interface {
	Accept(ctx context.Context, a event.Acceptance) (event.Receipt, error)
	Event(ctx context.Context, ref string) (*event.Record, error)
}

// Options say how to import.
type Options struct {
	// DryRun stores nothing.
	DryRun bool
	// Bad is called for each line that cannot be imported. If it returns an error,
	// the import ends with it, and nothing of the lines that were read together
	// with this one is stored.
	Bad func(line int, err error) error
	// Open decrypts an event.
	Open func(*event.Record) (*event.Record, error)
	// Tell is called from time to time, unless it is nil.
	Tell func(Result, *event.Record)
}

// Result counts lines.
type Result struct {
	Stored int // or, in a dry run, would be
	Known  int // are in the database already
	Own    int // Gavel's own events, which are left out
	Bad    int
}

const (
	batch = 500 // events that are stored together, of about event.PageBytes
	// longest is far above the largest event and its runs.
	longest = 64 << 20
)

var errHidden = fmt.Errorf("it was exported with hidden fields (%s), so it is not the event that was received; export it without --redact-fields", privacy.Redacted)

// Read imports lines of JSON, which may be compressed with gzip. An import that was
// interrupted can be repeated: what is stored is not stored again.
func Read(ctx context.Context, in io.Reader, s Store, o Options) (Result, error) {
	text, err := plain(in)
	if err != nil {
		return Result{}, err
	}
	lines := bufio.NewScanner(text)
	lines.Buffer(make([]byte, 0, 1<<16), longest)
	i := &importing{store: s, opts: o}
	for lines.Scan() && lines.Err() == nil { // or it is the beginning of a line
		i.line++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		if err := i.add(ctx, lines.Bytes()); err != nil {
			return i.result, err
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return i.result, fmt.Errorf("line %d is longer than %d MiB", i.line+1, longest>>20)
	case err != nil:
		return i.result, fmt.Errorf("after line %d: %w", i.line, ending(err))
	}
	return i.result, i.flush(ctx)
}

func plain(in io.Reader) (io.Reader, error) {
	buffered := bufio.NewReaderSize(in, 1<<16)
	if head, err := buffered.Peek(2); err != nil || head[0] != 0x1f || head[1] != 0x8b {
		return buffered, nil // an error is met again when it is read
	}
	unpacked, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, fmt.Errorf("it begins like a file compressed with gzip, but is not one: %w", err)
	}
	return unpacked, nil
}

// ending says in words that a compressed file is cut off or damaged.
func ending(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the compressed file ends too early; copy it again")
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader):
		return fmt.Errorf("the compressed file is damaged; copy it again: %w", err)
	}
	return err
}

type importing struct {
	store  Store
	opts   Options
	line   int
	found  []*event.Record
	size   int // of their bodies, in bytes
	result Result
}

func (i *importing) add(ctx context.Context, text []byte) error {
	r, err := i.read(text)
	switch {
	case err != nil:
		i.result.Bad++
		return i.opts.Bad(i.line, err)
	case own.Is(r.Event.Type):
		i.result.Own++
		return nil
	}
	i.size += len(r.Event.Body)
	if i.found = append(i.found, r); len(i.found) < batch && i.size < event.PageBytes {
		return nil
	}
	return i.flush(ctx)
}

// read checks one line.
func (i *importing) read(text []byte) (*event.Record, error) {
	l, err := decode.Line(text)
	if err != nil {
		return nil, err
	}
	if len(l.Body) == 0 && len(l.Sealed) == 0 {
		return nil, errors.New("it has no body, so it is no line of \"gavel events export\" or of an archive")
	}
	r := decode.Record(l)
	if len(l.Sealed) > 0 {
		if r, err = i.opts.Open(r); err != nil {
			return nil, err
		}
	}
	switch {
	case r.Damage != "":
		return nil, errors.New(r.Damage)
	case bytes.Contains(r.Event.Body, []byte(privacy.Redacted)), bytes.Contains(r.Event.Body, []byte(privacy.RedactedAddress)):
		return nil, errHidden
	}
	return r, nil
}

// flush stores what was read.
func (i *importing) flush(ctx context.Context) error {
	for _, r := range i.found {
		if err := ctx.Err(); err != nil {
			return err
		}
		_, err := i.store.Event(ctx, event.RefOf(r.Event.Key()))
		switch {
		case err == nil:
			i.result.Known++
			continue
		case !errors.Is(err, event.ErrNotFound):
			return err
		}
		if !i.opts.DryRun {
			if _, err := i.store.Accept(ctx, event.Acceptance{Event: r.Event, Revision: r.Revision, Now: r.Event.Received}); err != nil {
				return err
			}
		}
		i.result.Stored++
	}
	if n := len(i.found); n > 0 && i.opts.Tell != nil {
		i.opts.Tell(i.result, i.found[n-1])
	}
	clear(i.found)
	i.found, i.size = i.found[:0], 0
	return nil
}
