package postgres

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

// useEvery is the precision of the last use of a revision. Pruning allows for
// it.
const useEvery = time.Hour

// use stores, at most once in useEvery, that a revision is in use. It runs
// outside the transaction that uses it, because all transactions share that
// row.
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
		delete(s.used, revision) // the next use stores it
		s.mu.Unlock()
	}
}
