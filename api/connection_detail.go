package api

import (
	"context"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// RunBook is where runs and their history are read.
type RunBook interface {
	Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error)
	Attempts(ctx context.Context, runID string) ([]event.Attempt, error)
	RuleRuns(ctx context.Context, f event.RulesFilter) ([]event.RuleRuns, error)
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
		var names []string
		for _, c := range list {
			names = append(names, c.Name)
		}
		return nil, Unknown("connection", name, names)
	}
	d := &ConnectionDetail{ConnectionPast: list[i], Held: map[event.Status]int{}}
	asked := d.Rules[:min(len(d.Rules), usersAsked)]
	stored, err := book.RuleRuns(ctx, event.RulesFilter{Rules: asked, Statuses: append(unended(), event.StatusFailed), Most: MostHeld + 1})
	if err != nil {
		return nil, err
	}
	d.Held, d.More = heldOf(stored)
	d.More = d.More || len(asked) < len(d.Rules)
	d.LastError, err = lastError(ctx, book, stored, d.uses)
	return d, err
}

// unended are the states of runs that have not ended.
func unended() []event.Status {
	return []event.Status{event.StatusWaiting, event.StatusPending, event.StatusRunning}
}

// heldOf counts the runs that have not ended, by status, each up to MostHeld for
// each rule.
func heldOf(stored []event.RuleRuns) (counts map[event.Status]int, more bool) {
	counts = map[event.Status]int{}
	for _, r := range stored {
		if slices.Contains(unended(), r.Status) {
			counts[r.Status] += min(r.Count, MostHeld)
			more = more || r.Count > MostHeld
		}
	}
	return counts, more
}

// lastError returns the newest failed attempt of these actions, by rule: of the
// newest runs of each rule that failed or are tried again. nil means there is
// none.
func lastError(ctx context.Context, book RunBook, stored []event.RuleRuns, actions map[string][]int) (*ConnectionError, error) {
	stored = slices.DeleteFunc(slices.Clone(stored), func(r event.RuleRuns) bool {
		return r.Status != event.StatusFailed && r.Status != event.StatusPending
	})
	slices.SortStableFunc(stored, func(a, b event.RuleRuns) int { return b.Updated.Compare(a.Updated) })
	var newest *ConnectionError
	for _, r := range stored {
		if newest != nil && newest.At.After(r.Updated.Add(clockSlack)) {
			break // its attempts, and those of all that follow, are older
		}
		attempts, err := book.Attempts(ctx, r.Newest)
		if err != nil {
			return nil, err
		}
		for _, a := range attempts {
			if !slices.Contains(actions[r.Rule], a.Action) || !a.Cause.OfCall() || newest != nil && !a.Ended.After(newest.At) {
				continue
			}
			newest = &ConnectionError{At: a.Ended, Run: r.Newest, Rule: r.Rule, Cause: a.Cause, Reason: a.Reason}
		}
	}
	return newest, nil
}

// clockSlack is how much earlier than its last attempt a run may have changed, by
// the clocks of two machines.
const clockSlack = time.Minute
