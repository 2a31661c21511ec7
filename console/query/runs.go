package query

import (
	"context"

	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/event"
)

// RunList is one page of runs.
type RunList struct {
	Runs []*event.Run
	Next string
}

// FindRuns lists runs, newest first.
func FindRuns(ctx context.Context, ledger backend.Ledger, f event.RunFilter) (RunList, error) {
	limit := f.Limit
	f.Limit++
	found, err := ledger.Runs(ctx, f)
	if err != nil || len(found) <= limit {
		return RunList{Runs: found}, err
	}
	found = found[:limit]
	return RunList{Runs: found, Next: found[limit-1].ID}, nil
}
