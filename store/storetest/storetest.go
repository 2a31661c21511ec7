// Package storetest is the contract of a store: what the engine, the console
// and the command line rely on, whichever database is underneath.
package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Store is all that a database must be able to do: what the engine asks of it,
// and besides that what the command line and the console do.
type Store interface {
	Accept(ctx context.Context, a event.Acceptance) (event.Receipt, error)
	Claim(ctx context.Context, owner string, now, leaseUntil time.Time, limit int) ([]*event.Run, error)
	Renew(ctx context.Context, owner string, leaseUntil time.Time) error
	Record(ctx context.Context, p event.Progress) error
	NextDue(ctx context.Context) (time.Time, error)
	Woken() <-chan struct{}
	SaveRevision(ctx context.Context, revision string, sources []byte, at time.Time) error
	Revision(ctx context.Context, revision string) ([]byte, error)
	Event(ctx context.Context, id string) (*event.Record, error)
	Meeting(ctx context.Context, meetingID string) (*event.MeetingState, error)
	Gathered(ctx context.Context, runID string) (*event.Gathering, error)
	Standing(ctx context.Context, w event.Window, here event.Occurrence) (*event.Standing, error)
	PreviousEvent(ctx context.Context, meetingID string, before time.Time) (*event.Record, error)

	Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error)
	Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error)
	Run(ctx context.Context, id string) (*event.Run, error)
	Attempts(ctx context.Context, runID string) ([]event.Attempt, error)
	Counts(ctx context.Context) (event.Counts, error)
	Tallies(ctx context.Context, since time.Time) ([]event.Tally, error)
	NewestRevision(ctx context.Context) (*event.RevisionRecord, error)
	Activity(ctx context.Context) ([]event.RuleActivity, error)
	EventHours(ctx context.Context, since time.Time) ([]time.Time, error)
	RetryRun(ctx context.Context, id string, now time.Time, reason string) error
	CancelRun(ctx context.Context, id string, now time.Time, reason string) error
	RunNow(ctx context.Context, id string, now time.Time, reason string) error
	MoveRevision(ctx context.Context, id, revision string, next int, due time.Time, reason string, now time.Time) error
	Release(ctx context.Context, owner string, now time.Time) error
	Erase(ctx context.Context, eventID string, body []byte, reason string) error
	Prune(ctx context.Context, before time.Time, limit int) (int, error)
	Prunable(ctx context.Context, before time.Time, behind event.Place, limit int) ([]*event.Record, error)
	PruneEvents(ctx context.Context, seqs []int64) (int, error)
	PruneRest(ctx context.Context, before time.Time) error
	Exclusive(ctx context.Context, name string) (release func(), ok bool, err error)
	Close() error
}

// Database opens a store on one and the same database; every call is as good
// as another process. The stores are closed when the test ends.
type Database func(t *testing.T) Store

// Run checks the contract. fresh makes an empty database.
func Run(t *testing.T, fresh func(t *testing.T) Database) {
	groups := []map[string]func(*world){
		acceptTests(), laneTests(), meetingTests(), queueTests(), recordTests(),
		changeTests(), readTests(), pruneTests(), windowTests(), tallyTests(), standingTests(), concurrencyTests(), processTests(),
	}
	for _, group := range groups {
		for name, test := range group {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				db := fresh(t)
				test(&world{T: t, db: db, Store: db(t)})
			})
		}
	}
}
