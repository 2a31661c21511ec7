package api

import (
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Refused answers whether anything was lost or refused: what was stored since a
// time, what is not sent yet, and the requests that were refused.
type Refused struct {
	Since     time.Time              `json:"since"` // of what is counted by time, 24 hours ago
	Events    int                    `json:"events"`
	LastEvent time.Time              `json:"last_event,omitzero"`
	Unsent    map[event.Status]int64 `json:"unsent"` // pending, running, waiting and failed runs, now
	OldestDue time.Time              `json:"oldest_due,omitzero"`
	Requests  int                    `json:"requests"` // refused since then
	Reasons   []DayRefusal           `json:"reasons"`  // of these, the most frequent first
	// Items are all refused requests of a week by reason and source, the latest
	// first.
	Items []Refusal `json:"items"`
}

// Refusal is what one source was refused for one reason.
type Refusal struct {
	event.Refusal
	Text string `json:"text"` // the reason in words
	Hint string `json:"hint"` // what to do
}

// DayRefusal counts the requests of a day that were refused for one reason.
type DayRefusal struct {
	Reason string `json:"reason"`
	Text   string `json:"text"`
	Count  int    `json:"count"`
}
