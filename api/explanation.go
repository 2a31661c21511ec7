package api

import (
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/explain"
)

// ExplainQuery narrows an explanation of a stored event.
type ExplainQuery struct {
	// Rule is the only rule to explain; empty means all.
	Rule string
	// At is the moment to take for now(); zero means when the event came.
	At time.Time
}

// Explanation is everything there is to say of an event: what rules make of it
// and, for a stored event, what really happened.
type Explanation struct {
	*explain.Explanation
	History *History `json:"history,omitempty"`
}

// History is what really happened to a stored event.
type History struct {
	Received   time.Time   `json:"received"`
	Deliveries int         `json:"deliveries"`
	LastSeen   time.Time   `json:"last_seen"`
	Late       bool        `json:"late"`
	Revision   string      `json:"revision"`
	Notes      []string    `json:"notes"` // what is special, in words
	Runs       []RunDetail `json:"runs"`
}

// HistoryOf puts the history of an event together.
func HistoryOf(rec *event.Record, runs []RunDetail) *History {
	h := &History{
		Received: rec.Event.Received, Deliveries: rec.Deliveries, LastSeen: rec.LastSeen, Late: rec.Late, Revision: rec.Revision,
		Notes: []string{}, Runs: runs,
	}
	if h.Runs == nil {
		h.Runs = []RunDetail{}
	}
	if rec.Deliveries > 1 {
		h.Notes = append(h.Notes, fmt.Sprintf("delivered %d times; only the first delivery starts runs, a duplicate never does", rec.Deliveries))
	}
	if rec.Late {
		h.Notes = append(h.Notes, "late: a newer event of this meeting had come before, so rules without late: run were skipped")
	}
	return h
}
