package engine

import (
	"context"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Store is what must survive. store/storetest pins this contract for every
// implementation. All methods are safe for concurrent use; an error that may
// pass by itself wraps event.ErrUnavailable.
type Store interface {
	// Accept stores an event and its runs in one transaction and returns after
	// they are on disk. A repeat changes nothing but the delivery count.
	// Concurrent calls share a commit.
	Accept(ctx context.Context, a event.Acceptance) (event.Receipt, error)

	// Claim leases up to limit runs that are due and not held back by an
	// earlier one in their lanes: pending and waiting ones whose time has
	// come, and running ones whose lease has ended (those have Reclaimed set).
	// They come back as StatusRunning, oldest due first.
	Claim(ctx context.Context, owner string, now, leaseUntil time.Time, limit int) ([]*event.Run, error)
	// Renew extends the leases of the owner's runs.
	Renew(ctx context.Context, owner string, leaseUntil time.Time) error
	// Record stores progress of a leased run. When the run has ended or waits,
	// its lanes are freed and the next runs in them become claimable (Woken
	// tells so). Concurrent calls share a commit.
	Record(ctx context.Context, p event.Progress) error
	// Release gives all leases of the owner back: its runs are pending and due.
	Release(ctx context.Context, owner string, now time.Time) error
	// NextDue returns when the next unheld run is due, or a lease ends; the
	// zero time if there is none.
	NextDue(ctx context.Context) (time.Time, error)
	// Woken receives when work may have become due other than by the passing of
	// time: a run was freed in its lane, or another process stored something.
	Woken() <-chan struct{}

	// SaveRevision keeps the sources of a rule set (idempotent); Revision
	// returns them, or event.ErrNotFound.
	SaveRevision(ctx context.Context, revision string, sources []byte, at time.Time) error
	Revision(ctx context.Context, revision string) ([]byte, error)

	// Run returns one run, or event.ErrNotFound.
	Run(ctx context.Context, id string) (*event.Run, error)
	// Event returns one stored event by ORG/ID, /ID or an id alone (see
	// event.ParseRef), or event.ErrNotFound; event.ErrConflict when several
	// organisations use an id that stands alone. So do Meeting and
	// PreviousEvent.
	Event(ctx context.Context, ref string) (*event.Record, error)
	// Meeting returns what is known of a meeting, or event.ErrNotFound.
	Meeting(ctx context.Context, ref string) (*event.MeetingState, error)
	// Gathered returns what a threshold or a digest has brought together for a
	// run; the zero Gathering if nothing.
	Gathered(ctx context.Context, runID string) (*event.Gathering, error)
	// PreviousEvent returns the newest event of the meeting that is older than
	// before, or event.ErrNotFound.
	PreviousEvent(ctx context.Context, ref string, before time.Time) (*event.Record, error)
}
