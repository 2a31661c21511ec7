package api

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rehearse"
)

// RunDetail is one run with its history, oldest first.
type RunDetail struct {
	*event.Run
	Attempts []event.Attempt `json:"attempts"`
}

// RunDetailOf puts the details of a run together.
func RunDetailOf(run *event.Run, attempts []event.Attempt) *RunDetail {
	if attempts == nil {
		attempts = []event.Attempt{}
	}
	for i := range attempts {
		attempts[i].Request, attempts[i].Response = readable(attempts[i].Request), readable(attempts[i].Response)
	}
	return &RunDetail{Run: run, Attempts: attempts}
}

// readable makes a text of what is no JSON, which would spoil the answer that it
// stands in.
func readable(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || json.Valid(raw) {
		return raw
	}
	text, _ := json.Marshal(strings.ToValidUTF8(string(raw), "\uFFFD")) // a text can always be written
	return text
}

// MoveRequest asks to let the waiting runs of a rule go on under the rules in
// force. Without Confirm nothing is changed.
type MoveRequest struct {
	Rule    string `json:"rule"`
	Confirm bool   `json:"confirm"`
}

// Moves says what a MoveRequest came to.
type Moves struct {
	Rule     string `json:"rule"`
	Revision string `json:"revision"` // that they go on under
	Movable  int    `json:"movable"`
	Moved    int    `json:"moved"`
	Gone     int    `json:"gone"`  // had gone on meanwhile
	Stuck    int    `json:"stuck"` // cannot be moved
	// Runs are the first MovesShown of them.
	Runs []Move `json:"runs"`
}

// MovesShown bounds how many runs Moves lists.
const MovesShown = 50

// Move is what moving one run does.
type Move struct {
	RunID     string    `json:"run_id"`
	MeetingID string    `json:"meeting_id,omitempty"`
	Due       time.Time `json:"due"`      // now
	Then      time.Time `json:"due_then"` // under the rule of today
	// Problem says why the run cannot be moved; empty if it can.
	Problem string `json:"problem,omitempty"`
}

// CompareQuery names the rules that a Comparison is about.
type CompareQuery struct {
	Shadow, Live string
	Since        time.Time
	// Samples is how many differences are kept.
	Samples int
}

// Comparison says how a shadow rule differs from the rule it is to replace.
type Comparison = rehearse.Comparison
