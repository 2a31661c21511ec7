package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// NewestRevision returns the rule set that was put into force last, or
// event.ErrNotFound.
func (s *Store) NewestRevision(ctx context.Context) (*event.RevisionRecord, error) {
	var (
		r     event.RevisionRecord
		saved int64
	)
	const text = "SELECT revision, sources, saved FROM revisions ORDER BY saved DESC, revision LIMIT 1"
	if err := s.read.QueryRowContext(ctx, text).Scan(&r.Revision, &r.Sources, &saved); err != nil {
		return nil, fmt.Errorf("read the newest revision: %w", s.explain(notFound(err, "revision", "newest")))
	}
	r.Saved = ledger.Time(saved)
	return &r, nil
}

// Activity tells by rule what ran. It looks at every stored run.
func (s *Store) Activity(ctx context.Context) ([]event.RuleActivity, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT "+ledger.ActivityColumns+" FROM runs GROUP BY rule ORDER BY rule")
	if err != nil {
		return nil, fmt.Errorf("read what rules did: %w", s.explain(err))
	}
	var list []event.RuleActivity
	err = drain(rows, func(row ledger.Scanner) error {
		a, err := ledger.ScanActivity(row)
		list = append(list, a)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read what rules did: %w", s.explain(err))
	}
	return list, nil
}

// EventHours returns when the first event came in each hour since then that
// brought one, oldest first.
func (s *Store) EventHours(ctx context.Context, since time.Time) ([]time.Time, error) {
	text, args := ledger.Dialect{}.EventHours(since)
	rows, err := s.read.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("read the hours of events: %w", s.explain(err))
	}
	var list []time.Time
	err = drain(rows, func(row ledger.Scanner) error {
		var at int64
		err := row.Scan(&at)
		list = append(list, ledger.Time(at))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the hours of events: %w", s.explain(err))
	}
	return list, nil
}

// Footing has nothing to tell: the clock is the machine's own, and every
// commit is synced.
func (s *Store) Footing(context.Context) (event.Footing, error) { return event.Footing{}, nil }
