package api

import (
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rehearse/upcoming"
)

// Scheduled is a run that will go out, with what it would send now.
type Scheduled struct {
	ListedRun
	// Expected is when it goes out as far as that is known: its due time, or the
	// end of a pause, or its turn at a connection with a limited rate. It is zero
	// while it is held until somebody resumes it.
	Expected time.Time `json:"expected,omitzero"`
	// Pause is what holds it, or will. PauseLater says that its first action goes
	// out and only a later one is held.
	Pause      *event.Pause `json:"pause,omitempty"`
	PauseLater bool         `json:"pause_later,omitempty"`
	// Messages are what its next actions would send with the meeting as it is
	// now.
	Messages []upcoming.Message `json:"messages"`
	// Problem says why the messages cannot be told.
	Problem string `json:"problem,omitempty"`
}

// ScheduledQuery selects scheduled runs.
type ScheduledQuery struct {
	Rule       string
	Connection string         // of one of the messages
	Held       event.PauseKey // by this pause
	DueBefore  time.Time      // zero means no limit
	Behind     *event.RunPlace
	Limit      int
}

// ScheduledPage is one page of scheduled runs, the next one first. Next continues
// the list; it exists also when a search ended early.
type ScheduledPage struct {
	Items []Scheduled     `json:"items"`
	Next  *event.RunPlace `json:"-"`
}

// PostponeRequest lets a run go on at another time.
type PostponeRequest struct {
	Until time.Time `json:"until"`
}
