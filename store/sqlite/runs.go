package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// Run returns one run, or event.ErrNotFound.
func (s *Store) Run(ctx context.Context, id string) (*event.Run, error) {
	const text = `SELECT ` + ledger.RunColumns + ` FROM runs r WHERE r.id = ?1`
	run, err := ledger.ScanRun(s.read.QueryRowContext(ctx, text, id))
	if err != nil {
		return nil, fmt.Errorf("read run: %w", s.explain(notFound(err, "run", id)))
	}
	return run, nil
}

// Runs returns the runs that the filter selects, newest first.
func (s *Store) Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error) {
	text, args := ledger.Dialect{}.Runs(f)
	rows, err := s.read.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", s.explain(err))
	}
	var list []*event.Run
	err = drain(rows, func(row ledger.Scanner) error {
		run, err := ledger.ScanRun(row)
		list = append(list, run)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", s.explain(err))
	}
	return list, nil
}

// Attempts returns the history of a run, oldest first; it is empty for a run
// that does not exist.
func (s *Store) Attempts(ctx context.Context, runID string) ([]event.Attempt, error) {
	const text = `SELECT ` + ledger.AttemptColumns + ` FROM attempts a
		WHERE a.rid = (SELECT rid FROM runs WHERE id = ?1) ORDER BY a.seq`
	rows, err := s.read.QueryContext(ctx, text, runID)
	if err != nil {
		return nil, fmt.Errorf("read the history of run %q: %w", runID, s.explain(err))
	}
	var list []event.Attempt
	err = drain(rows, func(row ledger.Scanner) error {
		a, err := ledger.ScanAttempt(row, runID)
		list = append(list, a)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the history of run %q: %w", runID, s.explain(err))
	}
	return list, nil
}

// Counts returns the totals. OldestDue is by the store's clock.
func (s *Store) Counts(ctx context.Context) (event.Counts, error) {
	c := event.Counts{Runs: map[event.Status]int64{}}
	// One transaction, so that the numbers belong together.
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return c, fmt.Errorf("count: %w", s.explain(err))
	}
	defer func() { _ = tx.Rollback() }() // it has only read
	const oldest = `SELECT (SELECT count(*) FROM events),
		(SELECT min(due) FROM runs INDEXED BY runs_due WHERE held = 0 AND status IN ('pending', 'waiting') AND due <= ?1)`
	var due sql.NullInt64
	if err := tx.QueryRowContext(ctx, oldest, ledger.Micros(s.clock())).Scan(&c.Events, &due); err != nil {
		return c, fmt.Errorf("count: %w", s.explain(err))
	}
	c.OldestDue = ledger.Time(due.Int64)
	rows, err := tx.QueryContext(ctx, "SELECT status, count(*) FROM runs GROUP BY status")
	if err != nil {
		return c, fmt.Errorf("count runs: %w", s.explain(err))
	}
	err = drain(rows, func(row ledger.Scanner) error {
		var (
			status string
			n      int64
		)
		if err := row.Scan(&status, &n); err != nil {
			return err
		}
		c.Runs[event.Status(status)] = n
		return nil
	})
	if err != nil {
		return c, fmt.Errorf("count runs: %w", s.explain(err))
	}
	return c, nil
}
