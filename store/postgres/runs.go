package postgres

import (
	"context"
	"fmt"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// Run returns one run, or event.ErrNotFound.
func (s *Store) Run(ctx context.Context, id string) (*event.Run, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	const text = `SELECT ` + ledger.RunColumns + ` FROM gavel_runs r WHERE r.id = $1`
	run, err := ledger.ScanRun(s.pool.QueryRow(limited, text, id))
	if err != nil {
		return nil, fmt.Errorf("read run: %w", explain(ctx, notFound(err, "run", id)))
	}
	return run, nil
}

// Runs returns the runs that the filter selects, newest first.
func (s *Store) Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error) {
	text, args := dialect().Runs(f)
	list, err := s.queryRuns(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	return list, nil
}

// Attempts returns the history of a run, oldest first; it is empty for a run
// that does not exist.
func (s *Store) Attempts(ctx context.Context, runID string) ([]event.Attempt, error) {
	const text = `SELECT ` + ledger.AttemptColumns + ` FROM gavel_attempts a
		WHERE a.rid = (SELECT rid FROM gavel_runs WHERE id = $1) ORDER BY a.seq`
	var list []event.Attempt
	err := s.query(ctx, func(row ledger.Scanner) error {
		a, err := ledger.ScanAttempt(row, runID)
		list = append(list, a)
		return err
	}, text, runID)
	if err != nil {
		return nil, fmt.Errorf("read the history of run %q: %w", runID, err)
	}
	return list, nil
}

// Counts returns the totals. OldestDue is by the store's clock.
func (s *Store) Counts(ctx context.Context) (event.Counts, error) {
	c := event.Counts{Runs: map[event.Status]int64{}}
	// One statement, so that the numbers belong together.
	text := `SELECT 'events', count(*) FROM gavel_events
		UNION ALL SELECT 'due', coalesce((SELECT due FROM gavel_runs
			WHERE NOT held AND status IN ('pending', 'waiting') AND due <= ` + shifted("$1", "$1") + ` ORDER BY due LIMIT 1), 0)
		UNION ALL SELECT status, count(*) FROM gavel_runs GROUP BY status`
	err := s.query(ctx, func(row ledger.Scanner) error {
		var (
			name string
			n    int64
		)
		if err := row.Scan(&name, &n); err != nil {
			return err
		}
		switch name {
		case "events":
			c.Events = n
		case "due":
			c.OldestDue = ledger.Time(n)
		default:
			c.Runs[event.Status(name)] = n
		}
		return nil
	}, text, s.sent())
	if err != nil {
		return c, fmt.Errorf("count: %w", err)
	}
	return c, nil
}
