package api

import (
	"encoding/json"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Page is one page of a list. Next is the cursor of the following one; empty
// at the end.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// Event is an event in a list.
type Event struct {
	ID        string    `json:"event_id"`
	Type      string    `json:"event_type"`
	Happened  time.Time `json:"event_timestamp"`
	Received  time.Time `json:"received"`
	MeetingID string    `json:"meeting_id,omitempty"`
	// Organization is what ID and MeetingID belong to.
	Organization string `json:"organization,omitempty"`
	Revision     string `json:"revision"` // of the rules that it met
	Late         bool   `json:"late,omitempty"`
	Deliveries   int    `json:"deliveries"`
	Runs         int    `json:"runs"` // how many it started
}

// EventOf returns a stored event as a list shows it.
func EventOf(rec *event.Record) Event {
	ev := rec.Event
	return Event{
		ID: ev.ID, Type: ev.Type, Happened: ev.Timestamp, Received: ev.Received, MeetingID: ev.Meeting.ID, Organization: ev.Organization(),
		Revision: rec.Revision, Late: rec.Late, Deliveries: rec.Deliveries, Runs: rec.Runs,
	}
}

// EventsOf is EventOf for a list; the answer is never nil.
func EventsOf(records []*event.Record) []Event {
	out := make([]Event, 0, len(records))
	for _, rec := range records {
		out = append(out, EventOf(rec))
	}
	return out
}

// EventDetail is one event with its body and the runs it started.
type EventDetail struct {
	Event
	LastSeen time.Time       `json:"last_seen"` // the newest delivery
	Body     json.RawMessage `json:"body"`      // as it came, apart from spaces
	RunList  []*event.Run    `json:"run_list"`
	// Damage says in words why the stored body cannot be read; Body is then its
	// text.
	Damage string `json:"damage,omitempty"`
	// Drift lists what is not as documented.
	Drift []event.Drift `json:"drift,omitempty"`
}

// MaxEventRuns bounds the runs of one event that are read.
const MaxEventRuns = 1000

// EventDetailOf puts the details of a stored event together.
func EventDetailOf(rec *event.Record, runs []*event.Run) *EventDetail {
	if runs == nil {
		runs = []*event.Run{}
	}
	return &EventDetail{Event: EventOf(rec), LastSeen: rec.LastSeen, Body: readable(rec.Event.Body), RunList: runs, Damage: rec.Damage, Drift: rec.Event.Drift}
}

// Meeting is everything about one meeting.
type Meeting struct {
	ID          string         `json:"meeting_id"`
	Canceled    bool           `json:"canceled"`
	Reschedules int            `json:"reschedules"`
	Meeting     *event.Meeting `json:"meeting"` // as its newest event tells
	Events      []Event        `json:"events"`  // oldest first
	Runs        []*event.Run   `json:"runs"`    // newest first
}

// Erasure is what was found about a person, and what became of it.
type Erasure struct {
	Events []string `json:"events"` // ids
	Runs   int      `json:"runs"`   // of these events
	// Canceled are runs that had not ended. Busy ones were being carried out:
	// their last attempt may still be written down, so erase once more later.
	Canceled int `json:"canceled"`
	Busy     int `json:"busy"`
	// Archived are those of Events that were found in the archive.
	Archived int `json:"archived"`
	// Erased says that it was done, and not only looked for.
	Erased bool `json:"erased"`
}

// EraseRequest asks for an Erasure. Without Confirm nothing is changed.
type EraseRequest struct {
	Email   string `json:"email"`
	Confirm bool   `json:"confirm"`
}
