package sqlite

import (
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// writeTallies adds the counts of the transaction, and deletes old counts when
// a new span begins.
func (s *session) writeTallies() error {
	for _, k := range s.tallies.Sorted() {
		const text = `INSERT INTO tallies (span, kind, name, detail, n) VALUES (?1, ?2, ?3, ?4, ?5)
			ON CONFLICT (span, kind, name, detail) DO UPDATE SET n = n + excluded.n`
		if _, err := s.Exec(text, k.Span, string(k.Kind), k.Name, k.Detail, s.tallies[k]); err != nil {
			return err
		}
		if k.Span <= s.newestSpan {
			continue
		}
		if _, err := s.Exec("DELETE FROM tallies WHERE span < ?1", ledger.OldestSpan(k.Span)); err != nil {
			return err
		}
		s.newestSpan = k.Span
	}
	return nil
}
