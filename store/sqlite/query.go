package sqlite

import (
	"context"

	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// query runs a statement on a connection for reading, calls read for every row,
// and explains its error.
func (s *Store) query(ctx context.Context, read func(ledger.Scanner) error, text string, args ...any) error {
	rows, err := s.read.QueryContext(ctx, text, args...)
	if err != nil {
		return s.explain(err)
	}
	defer func() { _ = rows.Close() }() // Next has usually closed it already
	for rows.Next() {
		if err := read(rows); err != nil {
			return s.explain(err)
		}
	}
	return s.explain(rows.Err())
}
