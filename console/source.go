package console

import (
	"context"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

// Ledger is what the console reads of the store. A missing thing is an
// event.ErrNotFound.
type Ledger interface {
	Event(ctx context.Context, id string) (*event.Record, error)
	Events(ctx context.Context, f event.EventFilter) ([]*event.Record, error)
	Meeting(ctx context.Context, meetingID string) (*event.MeetingState, error)
	Run(ctx context.Context, id string) (*event.Run, error)
	Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error)
	Attempts(ctx context.Context, runID string) ([]event.Attempt, error)
	// Counts may be some seconds old.
	Counts(ctx context.Context) (event.Counts, error)
	// Search returns the numbers of up to limit events below before, or of the
	// newest if it is 0, that fit, newest first; and upTo which number it
	// knows all events.
	Search(ctx context.Context, what event.Search, after, before int64, limit int) (seqs []int64, upTo int64, err error)
	// Tallies returns what happened since, counted by spans of
	// event.TallyWidth.
	Tallies(ctx context.Context, since time.Time) ([]event.Tally, error)
}

// Operator changes runs by hand. A state that does not allow it is an
// event.ErrConflict.
type Operator interface {
	Retry(ctx context.Context, runID, by string) error
	Cancel(ctx context.Context, runID, by string) error
	RunNow(ctx context.Context, runID, by string) error
}

// RuleBook tells of the rules in force and of the connections they use.
type RuleBook interface {
	Rules() []api.Rule
	Load() api.Load
	Connections() []api.Connection
}

// Health answers whether Gavel works, for probes and people.
type Health interface {
	// Ready returns what is checked, by name; an empty string means fine,
	// anything else says in words what is wrong.
	Ready(ctx context.Context) map[string]string
	// Warnings says in sentences, by name, what is wrong though events are
	// received and carried out.
	Warnings() map[string]string
}

// SourceWatch tells how the source of events stands.
type SourceWatch interface {
	Source() api.Source
}

// Reloader loads the rules again.
type Reloader interface {
	// Reload returns the revision in force afterwards and the findings, one per
	// line; ok is false when the old rules stay.
	Reload(ctx context.Context) (revision string, findings []string, ok bool)
}

// breakerOpen is the state of a Connection that is left alone after failures.
const breakerOpen = "open"
