package api

import (
	"context"
	"fmt"
	"slices"

	"github.com/gavel-rules/gavel/event"
)

// RunBook is where runs and their history are read.
type RunBook interface {
	Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error)
	Attempts(ctx context.Context, runID string) ([]event.Attempt, error)
}

// usersAsked is how many rules of a connection are looked at for its last error
// and for what it holds.
const usersAsked = 20

// DetailOf returns one of the connections with its last error and what it holds;
// event.ErrNotFound if there is none of that name. It reads a bounded number of
// runs.
func DetailOf(ctx context.Context, book RunBook, list []ConnectionPast, name string) (*ConnectionDetail, error) {
	i := slices.IndexFunc(list, func(c ConnectionPast) bool { return c.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("%w: the rules in force have no connection %q", event.ErrNotFound, name)
	}
	d := &ConnectionDetail{ConnectionPast: list[i], Held: map[event.Status]int{}}
	asked := d.Rules[:min(len(d.Rules), usersAsked)]
	d.More = len(asked) < len(d.Rules)
	for _, rule := range asked {
		open, more, err := HeldBy(ctx, book, rule)
		if err != nil {
			return nil, err
		}
		d.More = d.More || more
		for status, n := range open {
			d.Held[status] += n
		}
		found, err := lastError(ctx, book, rule, d.uses[rule])
		if err != nil {
			return nil, err
		}
		if found != nil && (d.LastError == nil || found.At.After(d.LastError.At)) {
			d.LastError = found
		}
	}
	return d, nil
}

// HeldBy counts the runs of a rule that have not ended, by status, each up to
// MostHeld.
func HeldBy(ctx context.Context, book RunBook, rule string) (counts map[event.Status]int, more bool, err error) {
	counts = map[event.Status]int{}
	for _, status := range []event.Status{event.StatusWaiting, event.StatusPending, event.StatusRunning} {
		n, cut, err := countRuns(ctx, book, rule, status)
		if err != nil {
			return nil, false, err
		}
		if more = more || cut; n > 0 {
			counts[status] = n
		}
	}
	return counts, more, nil
}

func countRuns(ctx context.Context, book RunBook, rule string, status event.Status) (n int, more bool, err error) {
	runs, err := book.Runs(ctx, event.RunFilter{Rule: rule, Statuses: []event.Status{status}, Limit: MostHeld + 1})
	return min(len(runs), MostHeld), len(runs) > MostHeld, err
}

// lastError returns the newest failed attempt of these actions of a rule: of its
// newest runs that failed or are tried again. nil means there is none.
func lastError(ctx context.Context, book RunBook, rule string, actions []int) (*ConnectionError, error) {
	var newest *ConnectionError
	for _, status := range []event.Status{event.StatusFailed, event.StatusPending} {
		runs, err := book.Runs(ctx, event.RunFilter{Rule: rule, Statuses: []event.Status{status}, Limit: 1})
		if err != nil {
			return nil, err
		}
		for _, run := range runs {
			attempts, err := book.Attempts(ctx, run.ID)
			if err != nil {
				return nil, err
			}
			for _, a := range attempts {
				if !slices.Contains(actions, a.Action) || !a.Cause.OfCall() || newest != nil && !a.Ended.After(newest.At) {
					continue
				}
				newest = &ConnectionError{At: a.Ended, Run: run.ID, Rule: rule, Cause: a.Cause, Reason: a.Reason}
			}
		}
	}
	return newest, nil
}
