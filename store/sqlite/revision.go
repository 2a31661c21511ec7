package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// SaveRevision stores the sources of a rule set. Saving it again changes only
// when it was used; a rule set that was replaced and is in force again is
// saved anew.
func (s *Store) SaveRevision(ctx context.Context, revision string, sources []byte, at time.Time) error {
	const text = `INSERT INTO revisions (revision, sources, saved, used) VALUES (?1, ?2, ?3, ?3)
		ON CONFLICT (revision) DO UPDATE SET used = max(used, excluded.used), saved = CASE
			WHEN revision = (SELECT r.revision FROM revisions r ORDER BY r.saved DESC, r.revision LIMIT 1) THEN saved
			ELSE max(saved, excluded.saved) END`
	err := s.writer.do(ctx, func(tx *session) error {
		_, err := tx.Exec(text, revision, body(sources), ledger.Micros(at))
		return err
	})
	if err != nil {
		return fmt.Errorf("save revision %q: %w", revision, err)
	}
	return nil
}
