package engine

import (
	"context"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Store is what must survive, as far as the engine needs it. What each method
// promises is said at its namesake in package store, and tested by
// store/storetest. All methods are safe for concurrent use; an error that may
// pass by itself wraps event.ErrUnavailable.
type Store interface {
	// An event and the runs that it starts.
	Accept(ctx context.Context, a event.Acceptance) (event.Receipt, error)

	// Runs under lease, and when to look for more.
	Claim(ctx context.Context, owner string, now, leaseUntil time.Time, limit int) ([]*event.Run, error)
	Renew(ctx context.Context, owner string, leaseUntil time.Time) error
	Record(ctx context.Context, p event.Progress) error
	Release(ctx context.Context, owner string, now time.Time) error
	NextDue(ctx context.Context) (time.Time, error)
	Woken() <-chan struct{}

	// What a run looks at besides itself.
	Run(ctx context.Context, id string) (*event.Run, error)
	Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error)
	Event(ctx context.Context, ref string) (*event.Record, error)
	Meeting(ctx context.Context, ref string) (*event.MeetingState, error)
	Gathered(ctx context.Context, runID string) (*event.Gathering, error)
	Memories(ctx context.Context, keys []event.MemoryKey) ([]event.Remembered, error)
	Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error)
	PreviousEvent(ctx context.Context, ref string, before time.Time) (*event.Record, error)
}
