package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
)

// ErrGrew means that events were moved into the archive while it was read, so
// that some may have been missed.
var ErrGrew = errors.New("events moved into the archive while it was read; run it again")

// Stored is the database that events are moved from.
type Stored interface {
	Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error)
}

// Each calls do once for every event, archived or stored, that was received from
// since until before until, in order of time. A zero time means no limit. line
// is nil for a stored event. Memory use does not depend on the number of events.
// The error may be ErrGrew.
func (d *Dir) Each(ctx context.Context, stored Stored, since, until time.Time, do func(r *event.Record, line *event.Line) error) error {
	files, err := d.files()
	if err != nil {
		return err
	}
	m := &merge{do: do, since: since, until: until, stored: &storedHead{ctx: ctx, from: stored, until: until}}
	m.stored.behind.Received = since
	if err := m.stored.advance(); err != nil {
		return err
	}
	defer m.close()
	for from := 0; from < len(files); {
		day, to := files[from].day, from
		for to < len(files) && files[to].day.Equal(day) {
			to++
		}
		if !day.AddDate(0, 0, 1).Before(since) && (until.IsZero() || day.Before(until)) {
			if err := m.day(ctx, files[from:to], day.AddDate(0, 0, 1)); err != nil {
				return err
			}
		}
		from = to
	}
	if err := m.through(ctx, time.Time{}); err != nil {
		return err
	}
	after, err := d.files()
	if err != nil {
		return err
	}
	for _, f := range after {
		if !slices.Contains(files, f) {
			return ErrGrew
		}
	}
	return nil
}

// merge merges files and database, each of which is in order of time.
type merge struct {
	do           func(*event.Record, *event.Line) error
	since, until time.Time
	stored       *storedHead
	open         []*fileHead // newest written first
	last         event.Record
}

// day reads the files of one day.
func (m *merge) day(ctx context.Context, files []file, end time.Time) error {
	defer m.close()
	for _, f := range slices.Backward(files) {
		lines, err := openLines(f.path())
		if err != nil {
			return err
		}
		head := &fileHead{lines: lines}
		m.open = append(m.open, head)
		if err := head.advance(); err != nil {
			return err
		}
	}
	return m.through(ctx, end)
}

// through takes all events before end; all there are if end is zero.
func (m *merge) through(ctx context.Context, end time.Time) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		// The database has precedence, then the file written last.
		best := m.stored.record
		if best != nil && !end.IsZero() && !best.Event.Received.Before(end) {
			best = nil
		}
		var from *fileHead
		for _, head := range m.open {
			if head.record != nil && (best == nil || before(head.record, best)) {
				best, from = head.record, head
			}
		}
		if best == nil {
			return nil
		}
		var line *event.Line
		var err error
		if from == nil {
			err = m.stored.advance()
		} else {
			line = from.line
			err = from.advance()
		}
		if err == nil {
			err = m.take(best, line)
		}
		if err != nil {
			return err
		}
	}
}

func (m *merge) take(r *event.Record, line *event.Line) error {
	at := r.Event.Received
	if at.Before(m.since) || !m.until.IsZero() && !at.Before(m.until) {
		return nil
	}
	if m.last.Event != nil && !before(&m.last, r) && !before(r, &m.last) {
		return nil
	}
	m.last = *r
	return m.do(r, line)
}

func (m *merge) close() {
	for _, head := range m.open {
		head.lines.close()
	}
	m.open = nil
}

// before orders by time. Neither of two copies of an event is before the other.
func before(a, b *event.Record) bool {
	if c := a.Event.Received.Compare(b.Event.Received); c != 0 {
		return c < 0
	}
	if a.Seq != b.Seq {
		return a.Seq < b.Seq
	}
	return strings.Compare(a.Event.ID, b.Event.ID) < 0
}

// fileHead is the next event of a file.
type fileHead struct {
	lines  *lines
	line   *event.Line
	record *event.Record // nil at the end
}

func (h *fileHead) advance() error {
	line, err := h.lines.next()
	if errors.Is(err, io.EOF) {
		h.record = nil
		return nil
	}
	if err != nil {
		return err
	}
	next := decode.Record(line)
	if h.record != nil && !before(h.record, next) {
		return fmt.Errorf("archive: %q is out of order at line %d; restore the file that Gavel wrote", h.lines.name, h.lines.number)
	}
	h.line, h.record = line, next
	return nil
}

// storedHead is the next event of the database.
type storedHead struct {
	ctx    context.Context
	from   Stored
	until  time.Time
	behind event.Place
	page   []*event.Record
	ended  bool
	record *event.Record // nil at the end
}

func (h *storedHead) advance() error {
	if len(h.page) == 0 && !h.ended {
		behind := h.behind
		f := event.EventFilter{Until: h.until, Behind: &behind, Limit: page, Bytes: event.PageBytes}
		list, err := h.from.Events(h.ctx, f)
		if err != nil {
			return fmt.Errorf("read events: %w", err)
		}
		h.page, h.ended = list, f.Ended(list)
	}
	h.record = nil
	if len(h.page) > 0 {
		h.record, h.page = h.page[0], h.page[1:]
		h.behind = h.record.Place()
	}
	return nil
}
