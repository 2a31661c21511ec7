package export

import (
	"context"
	"io"
	"time"
)

const (
	// page is how many events are read at a time; resultPage how many runs,
	// whose results can be large.
	page       = 500
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

// stream moves rows from a source to a writer.
type stream[T any] struct {
	opts    Options
	page    int // size of a full page from next
	rows    rows[T]
	selects func(T) bool
	next    func(ctx context.Context, cursor string) ([]T, error)
	cursor  func(T) string
	at      func(T) time.Time

	out   Result
	start time.Time
}

func (x *stream[T]) run(ctx context.Context) (Result, error) {
	x.out.Cursor, x.start = x.opts.Cursor, time.Now()
	err := x.pages(ctx)
	if flushed := x.rows.flush(); err == nil {
		err = flushed
	}
	return x.out, err
}

func (x *stream[T]) pages(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		list, err := x.next(ctx, x.out.Cursor)
		if err != nil {
			return err
		}
		young, last, err := x.write(list)
		if err != nil {
			return err
		}
		if err := x.rows.flush(); err != nil {
			return err
		}
		if x.opts.Page != nil && len(list) > 0 {
			if err := x.opts.Page(x.out.Rows, x.out.Cursor, last); err != nil {
				return err
			}
		}
		switch {
		case young > 0:
			if err := sleep(ctx, young); err != nil {
				return err
			}
		case young < 0, len(list) < x.page:
			return nil
		}
	}
}

// write writes a page up to the first row that is too young. young is how long
// to wait for that row; negative if it is newer than the start of the export.
func (x *stream[T]) write(list []T) (young time.Duration, last time.Time, err error) {
	for _, row := range list {
		at := x.at(row)
		if wait := x.opts.MinAge - time.Since(at); x.opts.MinAge > 0 && wait > 0 {
			if at.After(x.start) {
				return -1, last, nil
			}
			return wait, last, nil
		}
		if x.selects(row) {
			if err := x.rows.write(row); err != nil {
				return 0, last, err
			}
			x.out.Rows++
		}
		x.out.Cursor, last = x.cursor(row), at
	}
	return 0, last, nil
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
