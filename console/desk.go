package console

import (
	"context"
	"os"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

// Desk does for a program, over the API, what the command line does with a
// database at hand. A thing that is not there is an event.ErrNotFound, a
// request that makes no sense an event.ErrInvalid.
type Desk interface {
	// Explain asks the rules that a stored event met, and tells what became of
	// it. It sends nothing.
	Explain(ctx context.Context, eventID string, q api.ExplainQuery) (*api.Explanation, error)
	// Try asks rules that were typed by hand about an event that need not be
	// stored; both may be wrong. It sends nothing and stores nothing.
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
