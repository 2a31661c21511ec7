// Package backend is the program behind the console, as interfaces: what pages and
// API read of it and what they can make it do.
package backend

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/search"
	"github.com/gavel-rules/gavel/report"
	"github.com/gavel-rules/gavel/watchdog"
)

// Backend is the program behind the console, as far as pages and API ask it.
type Backend struct {
	Ledger   Ledger
	Operator Operator
	Rules    RuleBook
	Health   Health
	Source   SourceWatch
	Reloader Reloader
	// Desk may be nil: then nothing is explained or tried out, and the API lacks
	// what needs it.
	Desk Desk
	// Analyst may be nil: then nothing is counted over weeks.
	Analyst Analyst
	Version string
	// Unsigned says that events are taken without a signature.
	Unsigned bool
	// Logger may be nil when nothing is logged.
	Logger *slog.Logger
	// LogLevel is that of Logger; nil when it cannot be changed.
	LogLevel *slog.LevelVar
	// Now is the clock; nil means that of the machine.
	Now func() time.Time
}

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
	Search(ctx context.Context, what search.Query, after, before int64, limit int) (seqs []int64, upTo int64, err error)
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

// RuleBook reports the rules in force and of the connections they use.
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
	Report() watchdog.Report
}

// Reloader loads the rules again.
type Reloader interface {
	// Reload returns the revision in force afterwards and the findings, one per
	// line; ok is false when the old rules stay.
	Reload(ctx context.Context) (revision string, findings []string, ok bool)
}

// Desk does for a program, over the API, what the command line does with a
// database at hand. A thing that is not there is an event.ErrNotFound, a
// request that makes no sense an event.ErrInvalid.
type Desk interface {
	// Explain asks the rules that a stored event met, and tells what became of
	// it. It sends nothing.
	Explain(ctx context.Context, eventID string, q api.ExplainQuery) (*api.Explanation, error)
	// Try asks rules that were typed by hand about an event that need not be
	// stored; both may be wrong. An event that cannot be read is an
	// event.ErrInvalid, beside the findings. It sends nothing and stores nothing.
	Try(ctx context.Context, r api.TryRequest) (*api.Trial, error)
	// RecordTest makes a rule test of a stored event, as YAML without personal
	// data.
	RecordTest(ctx context.Context, eventID string) ([]byte, error)
	// Replay starts runs for a stored event once more, by the rules in force; by
	// says for the history whose hand it is.
	Replay(ctx context.Context, eventID string, r api.ReplayRequest, by string) (*api.Replay, error)
	// Erase takes a person out of the stored events.
	Erase(ctx context.Context, r api.EraseRequest) (*api.Erasure, error)
	// Move lets the waiting runs of a rule go on under the rules in force.
	Move(ctx context.Context, r api.MoveRequest) (*api.Moves, error)
	// Compare says how a shadow rule differs from the rule it is to replace.
	Compare(ctx context.Context, q api.CompareQuery) (*api.Comparison, error)
	// Activity tells by rule what ran; it looks at every stored run.
	Activity(ctx context.Context) ([]event.RuleActivity, error)
	// Backup makes a copy of the database; the file ends when it is closed.
	Backup(ctx context.Context) (*os.File, error)
}

// Analyst counts what happened. context.DeadlineExceeded says that there is
// too much to count for a page.
type Analyst interface {
	Report(ctx context.Context, o report.Options) (*report.Report, error)
}

// Verbs are what people can do to a run, by the name in the address.
func (b *Backend) Verbs() map[string]func(ctx context.Context, runID, by string) error {
	return map[string]func(ctx context.Context, runID, by string) error{
		"retry": b.Operator.Retry, "cancel": b.Operator.Cancel, "run-now": b.Operator.RunNow,
	}
}

// MaxTry bounds the rules and the event that are tried out together, in bytes.
const MaxTry = 4 << 20

// BreakerOpen is the state of a Connection that is left alone after failures.
const BreakerOpen = "open"

// Fine reports whether no check has found anything.
func Fine(checks map[string]string) bool {
	for _, problem := range checks {
		if problem != "" {
			return false
		}
	}
	return true
}
