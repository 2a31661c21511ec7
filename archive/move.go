package archive

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
)

const (
	// page is how many events are read or deleted at a time.
	page = 500
	// fileEvents limits the events in one file, because their ids are kept in
	// memory until they are deleted.
	fileEvents = 100_000
	// eventRuns limits the archived runs of one event.
	eventRuns = 10_000
)

// Source is the store that events are moved from.
type Source interface {
	Prunable(ctx context.Context, before time.Time, behind event.Place, limit int) ([]*event.Record, error)
	Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error)
	PruneEvents(ctx context.Context, events []event.Ref) (int, error)
}

// Moved is the result of a move.
type Moved struct {
	Events int // deleted from the source
	Files  int
}

// Move moves the events received before a time from src into the archive, and
// finishes an interrupted move. An event is deleted only after it is on disk.
// It returns ErrBusy if another process is changing the archive.
func (d *Dir) Move(ctx context.Context, src Source, before time.Time) (Moved, error) {
	m := &move{dir: d, src: src}
	unlock, err := d.tryLock()
	if err != nil {
		return m.out, err
	}
	defer unlock()
	if err := m.tidy(ctx); err != nil {
		return m.out, err
	}
	err = m.run(ctx, before)
	return m.out, errors.Join(err, m.abandon())
}

// move is a move in progress.
type move struct {
	dir *Dir
	src Source
	out Moved

	day    time.Time
	path   string // of the file being written, without tempSuffix; empty if there is none
	file   *os.File
	buffer *bufio.Writer
	gz     *gzip.Writer
	refs   []event.Ref
}

// tidy removes incomplete files and finishes pending ones.
func (m *move) tidy(ctx context.Context) error {
	temps, err := m.dir.withSuffix(tempSuffix)
	if err != nil {
		return err
	}
	for _, path := range temps {
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("archive: %w", err)
		}
	}
	pending, err := m.dir.withSuffix(suffix + pendingSuffix)
	if err != nil {
		return err
	}
	for _, path := range pending {
		if err := m.finishPending(ctx, path); err != nil {
			return err
		}
	}
	return nil
}

func (m *move) finishPending(ctx context.Context, path string) error {
	lines, err := openLines(path)
	if err != nil {
		return err
	}
	defer lines.close()
	var refs []event.Ref
	for {
		line, err := lines.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if line != nil {
			refs = append(refs, event.Ref{Seq: line.Seq, ID: line.ID})
		}
		if len(refs) == page || line == nil {
			if err := m.prune(ctx, refs); err != nil {
				return err
			}
			refs = refs[:0]
		}
		if line == nil {
			return m.rename(path, strings.TrimSuffix(path, pendingSuffix))
		}
	}
}

func (m *move) run(ctx context.Context, before time.Time) error {
	behind := event.Place{}
	for {
		records, err := m.src.Prunable(ctx, before, behind, page)
		if err != nil {
			return err
		}
		for _, r := range records {
			if err := m.take(ctx, r); err != nil {
				return err
			}
			behind = r.Place()
		}
		if len(records) < page && !event.Continues(records) {
			return m.complete(ctx)
		}
	}
}

// take writes one event, into a new file for a new day or if the file is full.
func (m *move) take(ctx context.Context, r *event.Record) error {
	day := r.Event.Received.UTC().Truncate(24 * time.Hour)
	if m.path != "" && (!day.Equal(m.day) || len(m.refs) == fileEvents) {
		if err := m.complete(ctx); err != nil {
			return err
		}
	}
	line := event.LineOf(r)
	if r.Runs > 0 {
		runs, err := m.src.Runs(ctx, event.RunFilter{EventID: event.RefOf(event.Key(line.Organization, line.ID)), OldestFirst: true, Limit: eventRuns})
		if err != nil {
			return err
		}
		for _, run := range runs {
			short := *run
			short.Results = nil
			line.RunList = append(line.RunList, &short)
		}
	}
	text, err := line.Encode()
	if err != nil {
		return err
	}
	if m.path == "" {
		if err := m.begin(day); err != nil {
			return err
		}
	}
	if _, err := m.gz.Write(text); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	m.refs = append(m.refs, event.Ref{Seq: line.Seq, ID: line.ID})
	return nil
}

func (m *move) begin(day time.Time) (err error) {
	path := filepath.Join(m.dir.path, newName(day, time.Now()))
	if m.file, err = os.OpenFile(path+tempSuffix, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	m.day, m.path, m.refs = day, path, m.refs[:0]
	m.buffer = bufio.NewWriterSize(m.file, 1<<16)
	m.gz = gzip.NewWriter(m.buffer)
	return nil
}

// complete syncs the file, and only then deletes its events from the source.
func (m *move) complete(ctx context.Context) error {
	if m.path == "" {
		return nil
	}
	if err := errors.Join(m.gz.Close(), m.buffer.Flush(), m.file.Sync()); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	if err := m.rename(m.path+tempSuffix, m.path+pendingSuffix); err != nil {
		return err
	}
	path := m.path
	m.path = "" // nothing to abandon from here on
	if err := m.file.Close(); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	if err := m.prune(ctx, m.refs); err != nil {
		return err
	}
	m.out.Files++
	return m.rename(path+pendingSuffix, path)
}

func (m *move) prune(ctx context.Context, refs []event.Ref) error {
	n, err := m.src.PruneEvents(ctx, refs)
	m.out.Events += n
	return err
}

func (m *move) rename(from, to string) error {
	if err := errors.Join(os.Rename(from, to), m.dir.sync()); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	return nil
}

// abandon removes an incomplete file.
func (m *move) abandon() error {
	if m.path == "" {
		return nil
	}
	return errors.Join(m.file.Close(), os.Remove(m.path+tempSuffix))
}
