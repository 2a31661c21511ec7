package sqlite

import (
	"context"
	"fmt"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/internal/reader"
)

// Erase replaces the body of an event and removes what its runs sent and
// received. The old content is overwritten in the file.
func (s *Store) Erase(ctx context.Context, ref string, replacement []byte, reason string) error {
	id, err := reader.EventKey(ctx, s.Reader, ref)
	if err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	err = s.writer.do(ctx, func(tx *session) error {
		// By default, SQLite leaves the old bytes in free pages.
		if _, err := tx.Exec("PRAGMA secure_delete = ON"); err != nil {
			return err
		}
		n, err := tx.Exec("UPDATE events SET body = ?2 WHERE id = ?1", id, body(replacement))
		if err != nil {
			return err
		}
		if n == 0 {
			return event.ErrNotFound
		}
		if err := tx.unindex(id); err != nil {
			return err
		}
		const runs = "(SELECT rid FROM runs WHERE event_seq = (SELECT seq FROM events WHERE id = ?1))"
		if _, err := tx.Exec("UPDATE attempts SET request = NULL, response = NULL, reason = ?2 WHERE rid IN "+runs, id, ledger.Clean(reason)); err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE runs SET results = NULL, reason = ?2 WHERE rid IN "+runs, id, ledger.Clean(reason))
		return err
	})
	if err != nil {
		return fmt.Errorf("erase event %q: %w", ref, err)
	}
	return nil
}

// unindex deletes the words of an event from the search index, and from the
// file.
func (s *session) unindex(id string) error {
	const secure = "INSERT INTO search (search, rank) VALUES ('secure-delete', ?1)"
	if _, err := s.Exec(secure, 1); err != nil {
		return err
	}
	if _, err := s.Exec("DELETE FROM search WHERE rowid = (SELECT seq FROM events WHERE id = ?1)", id); err != nil {
		return err
	}
	// Pruning does not need it and would be slower.
	_, err := s.Exec(secure, 0)
	return err
}
