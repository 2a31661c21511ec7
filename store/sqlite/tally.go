package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// Tallies returns what was counted in the span that holds since, and after it,
// oldest first.
func (s *Store) Tallies(ctx context.Context, since time.Time) ([]event.Tally, error) {
	const text = "SELECT span, kind, name, detail, n FROM tallies WHERE span >= ?1 ORDER BY span, kind, name, detail"
	rows, err := s.read.QueryContext(ctx, text, ledger.SpanOf(since))
	if err != nil {
		return nil, fmt.Errorf("read counts: %w", s.explain(err))
	}
	var list []event.Tally
	err = drain(rows, func(row ledger.Scanner) error {
		t, err := ledger.ScanTally(row)
		list = append(list, t)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read counts: %w", s.explain(err))
	}
	return list, nil
}

// writeTallies adds up what the transaction has counted, and lets go of old
// counts when a new span begins.
func (s *session) writeTallies() error {
	for _, k := range s.tallies.Sorted() {
		const text = `INSERT INTO tallies (span, kind, name, detail, n) VALUES (?1, ?2, ?3, ?4, ?5)
			ON CONFLICT (span, kind, name, detail) DO UPDATE SET n = n + excluded.n`
		if _, err := s.exec(text, k.Span, string(k.Kind), k.Name, k.Detail, s.tallies[k]); err != nil {
			return err
		}
		if k.Span <= s.newestSpan {
			continue
		}
		if _, err := s.exec("DELETE FROM tallies WHERE span < ?1", ledger.OldestSpan(k.Span)); err != nil {
			return err
		}
		s.newestSpan = k.Span
	}
	return nil
}
