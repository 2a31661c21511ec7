package backend

import (
	"context"
	"encoding/json"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

// Explainer says what rules make of an event. It sends nothing.
type Explainer interface {
	// Explain asks the rules that a stored event met.
	Explain(ctx context.Context, rec *event.Record) ([]Verdict, error)
	// Try checks rules that were typed by hand and asks them about an event;
	// both may be wrong. There are no verdicts when a finding is an error. An
	// event that cannot be read is an event.ErrInvalid.
	Try(ctx context.Context, rules, body string) ([]Verdict, []api.Finding, error)
}

// Verdict says what one rule makes of an event.
type Verdict struct {
	Rule    string
	Verdict string // matched, not_matched, error, other_type, disabled
	Reason  string
	Shadow  bool
	When    *Part // nil without a condition
	// Windows tell, one line each, what a threshold, a throttle or a digest
	// makes of the event, and Assumed what is not known of its meeting.
	Windows []string
	Assumed string
	// Held says why a rule that matches starts nothing for this event.
	Held    string
	Actions []Outlook
}

// Part is an expression with its value for one event, and its own parts.
type Part struct {
	Source  string
	State   string // value, error, unknown, not_evaluated
	Value   string
	Error   string
	Decided bool // it made the whole what it is
	Parts   []Part
}

// Outlook is what would become of one action.
type Outlook struct {
	ID, Kind, Connection string
	Outlook              string // goes_out, held, waits, skipped, unknown, error, not_reached
	Reason               string
	Until                time.Time // of a wait
	Effect               json.RawMessage
}
