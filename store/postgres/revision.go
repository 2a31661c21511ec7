package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// SaveRevision keeps the sources of a rule set. Saving it again changes nothing
// but when it was used; a rule set that comes back into force is saved anew.
func (s *Store) SaveRevision(ctx context.Context, revision string, sources []byte, at time.Time) error {
	if sources == nil {
		sources = []byte{}
	}
	const text = `INSERT INTO gavel_revisions (revision, sources, saved, used) VALUES ($1, $2, $3, $3)
		ON CONFLICT (revision) DO UPDATE SET used = greatest(gavel_revisions.used, excluded.used), saved = CASE
			WHEN gavel_revisions.revision = (SELECT r.revision FROM gavel_revisions r ORDER BY r.saved DESC, r.revision LIMIT 1)
			THEN gavel_revisions.saved ELSE greatest(gavel_revisions.saved, excluded.saved) END`
	if err := s.exec(ctx, text, revision, sources, ledger.Micros(at)); err != nil {
		return fmt.Errorf("save revision %q: %w", revision, err)
	}
	return nil
}

// useEvery is how exactly the last use of a revision is known. Pruning allows
// for it.
const useEvery = time.Hour

// use writes down that a revision is in use, now and then, outside the
// transaction that uses it: all transactions share that row.
func (s *Store) use(ctx context.Context, revision string, now time.Time) {
	s.mu.Lock()
	last, known := s.used[revision]
	due := !known || now.Sub(last) >= useEvery
	if due {
		s.used[revision] = now
	}
	s.mu.Unlock()
	if !due {
		return
	}
	const text = `UPDATE gavel_revisions SET used = greatest(used, $2) WHERE revision = $1`
	if err := s.exec(ctx, text, revision, ledger.Micros(now)); err != nil {
		s.mu.Lock()
		delete(s.used, revision) // the next use writes it down
		s.mu.Unlock()
	}
}
