package postgres

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
	const text = "SELECT revision, sources, saved FROM gavel_revisions ORDER BY saved DESC, revision LIMIT 1"
	if err := s.row(ctx, []any{&r.Revision, &r.Sources, &saved}, text); err != nil {
		return nil, fmt.Errorf("read the newest revision: %w", notFound(err, "revision", "newest"))
	}
	r.Saved = ledger.Time(saved)
	return &r, nil
}

// Activity tells by rule what ran. It looks at every stored run.
func (s *Store) Activity(ctx context.Context) ([]event.RuleActivity, error) {
	var list []event.RuleActivity
	err := s.query(ctx, func(row ledger.Scanner) error {
		a, err := ledger.ScanActivity(row)
		list = append(list, a)
		return err
	}, "SELECT "+ledger.ActivityColumns+` FROM gavel_runs GROUP BY rule ORDER BY rule COLLATE "C"`)
	if err != nil {
		return nil, fmt.Errorf("read what rules did: %w", err)
	}
	return list, nil
}

// EventHours returns when the first event came in each hour since then that
// brought one, oldest first.
func (s *Store) EventHours(ctx context.Context, since time.Time) ([]time.Time, error) {
	text, args := dialect().EventHours(since)
	var list []time.Time
	err := s.query(ctx, func(row ledger.Scanner) error {
		var at int64
		err := row.Scan(&at)
		list = append(list, ledger.Time(at))
		return err
	}, text, args...)
	if err != nil {
		return nil, fmt.Errorf("read the hours of events: %w", err)
	}
	return list, nil
}
