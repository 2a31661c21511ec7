package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/engine"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store"
)

// Rehearsal is the part of the contract that a store for rehearsals keeps: what
// the engine asks for while one process carries out one run after the other.
// Such a store has no lists and no history, is changed by nobody but the
// engine, its leases do not end, and it does not outlive its process.
type Rehearsal interface {
	engine.Store
	// Attempts are those that it was told of, or that it told of itself.
	Attempts(ctx context.Context, runID string) ([]event.Attempt, error)
	SaveRevision(ctx context.Context, revision string, sources []byte, at time.Time) error
	Revision(ctx context.Context, revision string) ([]byte, error)
}

// RunRehearsal checks that part of the contract.
func RunRehearsal(t *testing.T, fresh func(t *testing.T) Rehearsal) {
	all, not := merged(acceptTests(), laneTests(), meetingTests(), queueTests(), recordTests(), windowTests(), replaceTests(), concurrencyTests()), notRehearsed()
	for name := range not {
		if all[name] == nil {
			t.Errorf("there is no test %q to leave out", name)
		}
	}
	for name, test := range all {
		if not[name] != "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if r := recover(); r != nil {
					t.Fatalf("if it asks for more than Rehearsal, it belongs to notRehearsed: %v", r)
				}
			}()
			only := rehearsal{Rehearsal: fresh(t)}
			test(&world{T: t, Store: only, db: func(*testing.T) store.Store { return only }})
		})
	}
}

// notRehearsed are the tests of what a store for rehearsals does not promise,
// and what that is.
func notRehearsed() map[string]string {
	const (
		lists  = "lists and counts"
		hands  = "changes by hand"
		leases = "leases that end"
		others = "telling other processes"
		told   = "being watched"
		bytes  = "being fit for what a database holds"
		prunes = "pruning"
	)
	return map[string]string{
		"a repeat changes nothing but the count":                lists,
		"many events at once are all stored":                    lists,
		"moves and claims meet":                                 lists,
		"one bad acceptance spoils no other":                    lists,
		"a threshold is shared by processes":                    lists,
		"a canceled run frees its lanes":                        hands,
		"a dropped run can be retried manually":                 hands,
		"a replaced run can be retried manually":                hands,
		"a replay replaces the waiting run of its rule":         hands,
		"an ended run takes no more progress":                   hands,
		"the history is only added to":                          hands,
		"a digest that is claimed or canceled collects no more": hands,
		"an absence that has begun to act does not end":         hands,
		"runs due now go to the accepting process":              leases,
		"a lost owner keeps the lanes":                          leases,
		"a run that goes to sleep frees its lanes":              leases,
		"a lease that has ended is claimed again":               leases,
		"a renewed lease holds":                                 leases,
		"a run may have been sent when its owner died":          leases,
		"a lost lease stores the attempts only":                 leases,
		"a running run goes on under its lease":                 leases,
		"runs of a meeting start in the order of its events":    others,
		"commits are told of":                                   told,
		"text that a database refuses is made fit":              bytes,
		"what cannot be encoded is told to its owner":           bytes,
		"a failing acceptance leaves nothing behind":            bytes,
		"an event without revision or runs is allowed":          bytes,
		"events of a sleeping digest are not pruned":            prunes,
		"windows are pruned with their events":                  prunes,
		"memory goes with its meeting":                          prunes,
		"an erased event is not remembered":                     prunes,
		"memory expires":                                        prunes,
		"a lost lease remembers nothing":                        leases,
	}
}

// rehearsal stands where a whole store is wanted. What is not in the part is
// nil, so a test that asks for it panics.
type rehearsal struct {
	Rehearsal
	beyond
}

type beyond struct{ store.Store }
