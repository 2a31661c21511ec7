package api

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rehearse"
)

// ListedRun is a run in a list, with what its event is about.
type ListedRun struct {
	*event.Run
	About
	// Acknowledged says that the run is failed and does not count as failing.
	Acknowledged bool `json:"acknowledged,omitempty"`
}

// RunQuery selects runs also by what a person types about their events.
type RunQuery struct {
	event.RunFilter
	// Q is in any name or address, or begins an id; Owner is in the owner's.
	Q, Owner string
}

// RunDetail is one run with its history, oldest first.
type RunDetail struct {
	*event.Run
	Attempts []event.Attempt `json:"attempts"`
}

// RunDetailOf returns the details of a run.
func RunDetailOf(run *event.Run, attempts []event.Attempt) *RunDetail {
	if attempts == nil {
		attempts = []event.Attempt{}
	}
	for i := range attempts {
		attempts[i].Request, attempts[i].Response = readable(attempts[i].Request), readable(attempts[i].Response)
	}
	return &RunDetail{Run: run, Attempts: attempts}
}

// readable converts invalid JSON, which would make the response invalid, to a
// string.
func readable(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || json.Valid(raw) {
		return raw
	}
	text, _ := json.Marshal(strings.ToValidUTF8(string(raw), "\uFFFD")) // a string can always be encoded
	return text
}

// MoveRequest asks to continue the waiting runs of a rule with the active rules.
// Without Confirm it is a preview.
type MoveRequest struct {
	Rule    string `json:"rule"`
	Confirm bool   `json:"confirm"`
}

// Moves is the result of a MoveRequest.
type Moves struct {
	Rule     string `json:"rule"`
	Revision string `json:"revision"` // of the active rules
	Movable  int    `json:"movable"`
	Moved    int    `json:"moved"`
	Gone     int    `json:"gone"`  // continued in the meantime
	Stuck    int    `json:"stuck"` // cannot be moved
	// Runs are the first MovesShown of them.
	Runs []Move `json:"runs"`
}

// MovesShown is how many runs Moves lists at most.
const MovesShown = 50

// Move is the move of one run.
type Move struct {
	RunID     string    `json:"run_id"`
	MeetingID string    `json:"meeting_id,omitempty"`
	Due       time.Time `json:"due"`      // before the move
	Then      time.Time `json:"due_then"` // after it, with the active rule
	// Problem says why the run cannot be moved; empty if it can.
	Problem string `json:"problem,omitempty"`
}

// CompareQuery are the rules to compare.
type CompareQuery struct {
	Shadow, Live string
	Since        time.Time
	// Samples is how many differences are kept.
	Samples int
}

// Comparison is how a shadow rule differs from the rule it will replace.
type Comparison = rehearse.Comparison
