package api

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
)

// Page is one page of a list. Next is the cursor of the next page; empty on the
// last one.
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
	// Organization is where ID and MeetingID are unique.
	Organization string `json:"organization,omitempty"`
	About
	Revision   string `json:"revision"` // of the rules that handled it
	Late       bool   `json:"late,omitempty"`
	Deliveries int    `json:"deliveries"`
	Runs       int    `json:"runs"` // number of runs it started
	// Failed is how many of them are failed now and not acknowledged. Only lists
	// have it.
	Failed int `json:"failed,omitempty"`
}

// About says in people's words what an event is about. Strangers typed it.
type About struct {
	Title   string `json:"title,omitempty"`   // of the meeting, or the setting, or what one of Gavel's own says
	Owner   string `json:"owner,omitempty"`   // of the meeting, or who changed the setting
	Invitee string `json:"invitee,omitempty"` // of the meeting: a name, or an address
}

// AboutOf returns what an event is about, for lists: long texts are shortened, and
// the result does not keep the event in memory.
func AboutOf(ev *event.Event) About {
	if !ev.HasMeeting() {
		return About{
			Title: inList(cmp.Or(cmp.Or(ev.Own, own.None()).Text, ev.Change.Setting.Title, ev.Change.Setting.Name, ev.Test.WebhookEndpoint)),
			Owner: inList(cmp.Or(ev.Change.ModifiedBy.Username, ev.Test.Username)),
		}
	}
	info := ev.Meeting.Info
	return About{
		Title: inList(info.MeetingName), Owner: inList(ev.Meeting.Owner.Username),
		Invitee: inList(cmp.Or(info.PrimaryInviteeName, info.PrimaryInvitee)),
	}
}

// longest is how many bytes of a text a list has. Whoever books a meeting can write
// a megabyte into its name.
const longest = 1000

func inList(text string) string {
	if len(text) <= longest {
		return strings.Clone(text)
	}
	return strings.ToValidUTF8(text[:longest], "") + "…"
}

// EventQuery selects events also by what a person types; see package search.
type EventQuery struct {
	event.EventFilter
	// Q is in any name or address, or begins an id; Owner is in the owner's.
	Q, Owner string
}

// EventOf returns a stored event for a list.
func EventOf(rec *event.Record) Event {
	ev := rec.Event
	return Event{
		ID: ev.ID, Type: ev.Type, Happened: ev.Timestamp, Received: ev.Received, MeetingID: ev.Meeting.ID, Organization: ev.Organization(),
		About: AboutOf(ev), Revision: rec.Revision, Late: rec.Late, Deliveries: rec.Deliveries, Runs: rec.Runs,
	}
}

// EventsOf is EventOf for each record; the result is never nil.
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
	Body     json.RawMessage `json:"body"`      // as received, except for white space
	RunList  []*event.Run    `json:"run_list"`
	// Damage says why the stored body cannot be decoded; Body is then a string.
	Damage string `json:"damage,omitempty"`
	// Drift lists differences from the documented format.
	Drift []event.Drift `json:"drift,omitempty"`
}

// MaxEventRuns is how many runs of one event are read at most.
const MaxEventRuns = 1000

// EventDetailOf returns the details of a stored event.
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
	Meeting     *event.Meeting `json:"meeting"` // from its newest event
	Events      []Event        `json:"events"`  // oldest first
	Runs        []*event.Run   `json:"runs"`    // newest first
	Memory      []Remembered   `json:"memory"`  // what rules remember for it
}

// Remembered is a value that rules remember.
type Remembered struct {
	Place   string          `json:"place,omitempty"` // empty for what is kept with the meeting
	Name    string          `json:"name"`
	Value   json.RawMessage `json:"value"`
	Rule    string          `json:"rule"` // that changed it last
	Updated time.Time       `json:"updated"`
	Expires time.Time       `json:"expires,omitzero"`
	Damage  string          `json:"damage,omitempty"` // why it cannot be read
}

// Path is the name that expressions read it by.
func (r Remembered) Path() string {
	if r.Place == "" {
		return "memory." + r.Name
	}
	return "memory." + r.Place + "." + r.Name
}

// Erasure is the result of an EraseRequest.
type Erasure struct {
	Events []string `json:"events"` // ids
	Runs   int      `json:"runs"`   // of these events
	// Canceled counts runs that had not ended. Busy ones are being carried out:
	// their last attempt may still be recorded, so erase again later.
	Canceled int `json:"canceled"`
	Busy     int `json:"busy"`
	// Archived counts those of Events that are in the archive.
	Archived int `json:"archived"`
	// Erased is false if it was only a preview.
	Erased bool `json:"erased"`
}

// EraseRequest asks to erase a person's data. Without Confirm it is a preview.
type EraseRequest struct {
	Email   string `json:"email"`
	Confirm bool   `json:"confirm"`
}
