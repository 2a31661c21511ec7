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
	// At is the value of now(); zero means when the event was received.
	At time.Time
}

// Explanation is what rules do with an event and, for a stored event, what
// really happened.
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
	Notes      []string    `json:"notes"` // remarks, as text
	Runs       []RunDetail `json:"runs"`
}

// HistoryOf returns the history of a stored event.
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
