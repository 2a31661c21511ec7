package reader

import (
	"context"
	"fmt"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
)

// Run returns one run, or event.ErrNotFound.
func (r *Reader) Run(ctx context.Context, id string) (run *event.Run, err error) {
	found, err := r.one(ctx, func(row ledger.Scanner) (err error) {
		run, err = ledger.ScanRun(row)
		return err
	}, "SELECT "+ledger.RunColumns+" FROM ~runs r WHERE r.id = $1", id)
	if err == nil && !found {
		err = missing("run", id)
	}
	if err != nil {
		return nil, fmt.Errorf("read run: %w", err)
	}
	return run, nil
}

// Runs returns the runs that the filter selects, newest first.
func (r *Reader) Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error) {
	text, args := r.dialect.runs(f)
	list, err := all(ctx, r.list, ledger.ScanRun, text, args...)
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	return list, nil
}

// Attempts returns the history of a run, oldest first; it is empty for a run
// that does not exist.
func (r *Reader) Attempts(ctx context.Context, runID string) ([]event.Attempt, error) {
	const text = "SELECT " + ledger.AttemptColumns + ` FROM ~attempts a
		WHERE a.rid = (SELECT rid FROM ~runs WHERE id = $1) ORDER BY a.seq`
	list, err := all(ctx, r.each, func(row ledger.Scanner) (event.Attempt, error) {
		return ledger.ScanAttempt(row, runID)
	}, r.dialect.sql(text), runID)
	if err != nil {
		return nil, fmt.Errorf("read the history of run %q: %w", runID, err)
	}
	return list, nil
}
