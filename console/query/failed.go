package query

import (
	"context"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/event"
)

// FailedOf counts the runs of events that are failed now and not acknowledged,
// by the numbers of the events.
func FailedOf(ctx context.Context, ledger backend.Ledger, events []*event.Record) (map[int64]int, error) {
	var with []int64
	for _, rec := range events {
		if rec.Runs > 0 {
			with = append(with, rec.Seq)
		}
	}
	if len(with) == 0 {
		return nil, nil
	}
	found, err := ledger.FailedRuns(ctx, event.FailedRuns{Events: with})
	counts := map[int64]int{}
	for _, run := range found {
		if !run.Acknowledged {
			counts[run.Event]++
		}
	}
	return counts, err
}

// ListedEvents returns events for a list, with how many of their runs are failed.
func ListedEvents(ctx context.Context, ledger backend.Ledger, events []*event.Record) ([]api.Event, error) {
	failed, err := FailedOf(ctx, ledger, events)
	list := api.EventsOf(events)
	for i, rec := range events {
		list[i].Failed = failed[rec.Seq]
	}
	return list, err
}

// AcknowledgedOf returns the ids of those runs that are failed and acknowledged.
func AcknowledgedOf(ctx context.Context, ledger backend.Ledger, runs []*event.Run) (map[string]bool, error) {
	var ids []string
	for _, run := range runs {
		if run.Status == event.StatusFailed {
			ids = append(ids, run.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := ledger.FailedRuns(ctx, event.FailedRuns{Runs: ids})
	acknowledged := map[string]bool{}
	for _, run := range found {
		acknowledged[run.Run] = run.Acknowledged
	}
	return acknowledged, err
}

// acknowledge marks those of the listed runs that are failed and acknowledged.
func acknowledge(ctx context.Context, ledger backend.Ledger, list []api.ListedRun) error {
	runs := make([]*event.Run, len(list))
	for i := range list {
		runs[i] = list[i].Run
	}
	known, err := AcknowledgedOf(ctx, ledger, runs)
	for i := range list {
		list[i].Acknowledged = known[list[i].ID]
	}
	return err
}
