package export

import (
	"cmp"
	"context"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/event"
)

const (
	// page is how many events are read at a time, and pageBytes about how many bytes
	// of them: several pages are in memory at once. resultPage is how many runs, whose
	// results can be large.
	page       = 500
	pageBytes  = event.PageBytes / 2
	resultPage = 50
)

// Options configure an export. To and Format are required.
type Options struct {
	To     io.Writer
	Format string // NDJSON or CSV
	// Cursor continues an earlier export; empty starts at the first row.
	Cursor string
	// NoHeader omits the CSV header, to append to existing rows.
	NoHeader bool
	// MinAge is the age from which rows are exported. Younger ones may still be
	// committed out of order, so Write waits for them; otherwise a row before
	// the cursor could be missed.
	MinAge time.Duration
	// Page is called after each page with the number of rows so far, the cursor
	// after them and the time of the last one. May be nil.
	Page func(rows int, cursor string, at time.Time) error
}

// Result is the progress of an export.
type Result struct {
	Rows int
	// Cursor is after the last row read; Options.Cursor if there was none.
	Cursor string
}

// stream moves rows from a source to a writer. It reads the next pages, and
// workers format them, while one is written.
type stream[T any] struct {
	opts   Options
	format func() format[T]
	next   func(ctx context.Context, cursor string) (list []T, more bool, err error)
	cursor func(T) string
	at     func(T) time.Time

	out   Result
	start time.Time
}

// format appends a row to dst, or nothing when it is not selected. Each worker
// has its own.
type format[T any] func(dst []byte, row T) (out []byte, selected bool, err error)

// batch is a page under way.
type batch[T any] struct {
	rows   []T
	cursor string    // after its last row
	last   time.Time // of its last row
	text   []byte
	count  int
	err    error
	done   chan struct{} // closed when text is complete
}

func (x *stream[T]) run(ctx context.Context) (Result, error) {
	x.out.Cursor, x.start = x.opts.Cursor, time.Now()
	workers := runtime.GOMAXPROCS(0)
	reading, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	work, order, texts := make(chan *batch[T]), make(chan *batch[T], workers), make(chan []byte, 2*workers+2)
	var failed error
	group.Go(func() {
		defer close(order)
		defer close(work)
		failed = x.read(reading, func(b *batch[T]) error {
			for _, to := range []chan<- *batch[T]{work, order} {
				select {
				case to <- b:
				case <-reading.Done():
					return reading.Err()
				}
			}
			return nil
		})
	})
	for range workers {
		group.Go(func() {
			format := x.format()
			for b := range work {
				select {
				case b.text = <-texts:
				default:
				}
				b.fill(format)
			}
		})
	}
	for b := range order {
		<-b.done
		if err := x.write(ctx, b); err != nil {
			return x.out, err
		}
		texts <- b.text[:0]
	}
	return x.out, failed
}

// fill formats the rows.
func (b *batch[T]) fill(format format[T]) {
	defer close(b.done)
	for _, row := range b.rows {
		selected := false
		if b.text, selected, b.err = format(b.text, row); b.err != nil {
			return
		}
		if selected {
			b.count++
		}
	}
	b.rows = nil
}

func (x *stream[T]) write(ctx context.Context, b *batch[T]) error {
	if err := cmp.Or(b.err, ctx.Err()); err != nil {
		return err
	}
	if _, err := x.opts.To.Write(b.text); err != nil {
		return err
	}
	x.out.Rows, x.out.Cursor = x.out.Rows+b.count, b.cursor
	if x.opts.Page == nil {
		return nil
	}
	return x.opts.Page(x.out.Rows, x.out.Cursor, b.last)
}

// read reads page by page.
func (x *stream[T]) read(ctx context.Context, send func(*batch[T]) error) error {
	for cursor := x.opts.Cursor; ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		list, more, err := x.next(ctx, cursor)
		if err != nil {
			return err
		}
		old, young := x.old(list)
		if old > 0 {
			last := list[old-1]
			cursor = x.cursor(last)
			if err := send(&batch[T]{rows: list[:old], cursor: cursor, last: x.at(last), done: make(chan struct{})}); err != nil {
				return err
			}
		}
		switch {
		case young > 0:
			if err := sleep(ctx, young); err != nil {
				return err
			}
		case young < 0, !more:
			return nil
		}
	}
}

// old returns how many rows come before the first one that is too young. young is
// how long to wait for that row; negative if it is newer than the start of the
// export.
func (x *stream[T]) old(list []T) (n int, young time.Duration) {
	if x.opts.MinAge <= 0 {
		return len(list), 0
	}
	for i, row := range list {
		at := x.at(row)
		if wait := x.opts.MinAge - time.Since(at); wait > 0 {
			if at.After(x.start) {
				return i, -1
			}
			return i, wait
		}
	}
	return len(list), 0
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
