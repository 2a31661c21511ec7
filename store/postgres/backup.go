package postgres

import (
	"context"
	"fmt"

	"github.com/gavel-rules/gavel/event"
)

// Backup is left to PostgreSQL's own tools.
func (s *Store) Backup(context.Context, string) error {
	return fmt.Errorf("%w: back up PostgreSQL with pg_dump", event.ErrInvalid)
}

// Size returns what the tables and indexes take. The log and the disk belong to
// the server.
func (s *Store) Size(ctx context.Context) (out event.Size, err error) {
	if err := s.row(ctx, []any{&out.Database}, "SELECT pg_database_size(current_database())"); err != nil {
		return out, fmt.Errorf("size of the database: %w", err)
	}
	return out, nil
}

// Shrink has nothing to do: PostgreSQL reuses free space by itself, and gives
// it back when it is at the end of a table.
func (s *Store) Shrink(context.Context, int64) (int64, error) { return 0, nil }
