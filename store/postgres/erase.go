package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/internal/reader"
)

// Erase replaces the body of an event and removes what its runs sent and
// received. The server's VACUUM frees the space of the old rows.
func (s *Store) Erase(ctx context.Context, ref string, replacement []byte, reason string) error {
	id, err := reader.EventKey(ctx, s.Reader, ref)
	if err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	err = s.inTransaction(ctx, func(ctx context.Context, tx pgx.Tx) error {
		done, err := tx.Exec(ctx, "UPDATE gavel_events SET body = $2 WHERE id = $1", id, replacement)
		if err != nil {
			return err
		}
		if done.RowsAffected() == 0 {
			return event.ErrNotFound
		}
		if _, err := tx.Exec(ctx, "DELETE FROM gavel_search WHERE seq = (SELECT seq FROM gavel_events WHERE id = $1)", id); err != nil {
			return err
		}
		const runs = "(SELECT rid FROM gavel_runs WHERE event_seq = (SELECT seq FROM gavel_events WHERE id = $1))"
		if _, err := tx.Exec(ctx, "UPDATE gavel_attempts SET request = NULL, response = NULL, reason = $2 WHERE rid IN "+runs, id, ledger.Clean(reason)); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "UPDATE gavel_runs SET results = NULL, reason = $2 WHERE rid IN "+runs, id, ledger.Clean(reason))
		return err
	})
	if err != nil {
		return fmt.Errorf("erase event %q: %w", ref, err)
	}
	return nil
}
