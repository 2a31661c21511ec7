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
