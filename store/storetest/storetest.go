// Package storetest is the contract of a store: what the engine, the console
// and the command line rely on, whichever database is underneath.
package storetest

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Store is all that a database must be able to do: what the engine asks of it,
// and besides that what the command line and the console do.
type Store interface {
	Rehearsal

	Standing(ctx context.Context, w event.Window, here event.Occurrence) (*event.Standing, error)

	Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error)
	Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error)
	Counts(ctx context.Context) (event.Counts, error)
	Tallies(ctx context.Context, since time.Time) ([]event.Tally, error)
	Index(ctx context.Context, limit int) (int, error)
	Search(ctx context.Context, what event.Search, after, before int64, limit int) (seqs []int64, upTo int64, err error)
	NewestRevision(ctx context.Context) (*event.RevisionRecord, error)
	Activity(ctx context.Context) ([]event.RuleActivity, error)
	EventHours(ctx context.Context, since time.Time) ([]time.Time, error)
	ObserveCommits(listener func(operations int, took time.Duration))
	Replay(ctx context.Context, r event.Replay) (event.ReplayReceipt, error)
	RetryRun(ctx context.Context, id string, now time.Time, reason string) error
	CancelRun(ctx context.Context, id string, now time.Time, reason string) error
	RunNow(ctx context.Context, id string, now time.Time, reason string) error
	MoveRevision(ctx context.Context, id, revision string, next int, due time.Time, reason string, now time.Time) error
	Erase(ctx context.Context, eventID string, body []byte, reason string) error
	Prune(ctx context.Context, before time.Time, limit int) (int, error)
	Prunable(ctx context.Context, before time.Time, behind event.Place, limit int) ([]*event.Record, error)
	PruneEvents(ctx context.Context, events []event.Ref) (int, error)
	PruneRest(ctx context.Context, before time.Time) error
	Exclusive(ctx context.Context, name string) (release func(), ok bool, err error)
	Close() error
}

// Database opens a store on one and the same database; every call is as good
// as another process. The stores are closed when the test ends.
type Database func(t *testing.T) Store

// Run checks the contract. fresh makes an empty database.
func Run(t *testing.T, fresh func(t *testing.T) Database) {
	run(t, fresh, merged(unsearched(), searchTests()))
}

// RunSealed checks the contract of a store whose database must not know the
// words of its events: all of it but the search.
func RunSealed(t *testing.T, fresh func(t *testing.T) Database) {
	run(t, fresh, unsearched())
}

func unsearched() map[string]func(*world) {
	return merged(
		acceptTests(), laneTests(), meetingTests(), queueTests(), recordTests(), changeTests(), readTests(), pruneTests(),
		windowTests(), replaceTests(), replayTests(), tallyTests(), standingTests(), identityTests(), concurrencyTests(), processTests(),
	)
}

func run(t *testing.T, fresh func(t *testing.T) Database, all map[string]func(*world)) {
	for name, test := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := fresh(t)
			test(&world{T: t, db: db, Store: db(t)})
		})
	}
}

func merged(groups ...map[string]func(*world)) map[string]func(*world) {
	out := map[string]func(*world){}
	for _, group := range groups {
		maps.Copy(out, group)
	}
	return out
}
