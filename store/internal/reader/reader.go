// Package reader reads stored events and runs. Both databases use the same
// statements; a Dialect has the differences.
package reader

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// Each runs a statement and calls read for every row of its result. Its errors
// can be shown; a temporary one wraps event.ErrUnavailable.
type Each func(ctx context.Context, read func(ledger.Scanner) error, text string, args ...any) error

// Reader reads one database.
type Reader struct {
	dialect Dialect
	each    Each
	list    Each
	clock   func() time.Time
}

// New returns a reader that runs its statements through each, and those for
// lists through list, which plans each list for its own values: a plan that is
// right for a frequent value reads everything for a rare one. clock is the
// caller's clock.
func New(d Dialect, each, list Each, clock func() time.Time) *Reader {
	return &Reader{dialect: d, each: each, list: list, clock: clock}
}

// one runs a statement for one row, and reports whether there is one.
func (r *Reader) one(ctx context.Context, read func(ledger.Scanner) error, text string, args ...any) (found bool, err error) {
	err = r.each(ctx, func(row ledger.Scanner) error {
		found = true
		return read(row)
	}, r.dialect.sql(text), args...)
	return found, err
}

// into reads a row into pointers.
func into(dest ...any) func(ledger.Scanner) error {
	return func(row ledger.Scanner) error { return row.Scan(dest...) }
}

// all runs a statement and returns its rows converted by scan.
func all[T any](ctx context.Context, each Each, scan func(ledger.Scanner) (T, error), text string, args ...any) ([]T, error) {
	var list []T
	err := each(ctx, func(row ledger.Scanner) error {
		one, err := scan(row)
		list = append(list, one)
		return err
	}, text, args...)
	if err != nil {
		return nil, err
	}
	return list, nil
}

// value reads a row of one column.
func value[T any](row ledger.Scanner) (v T, err error) {
	err = row.Scan(&v)
	return v, err
}

func missing(what, id string) error { return fmt.Errorf("%s %q: %w", what, id, event.ErrNotFound) }
