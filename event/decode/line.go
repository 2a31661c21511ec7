package decode

import (
	"encoding/json"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
)

// Line parses a line written by event.Line.Encode.
func Line(text []byte) (*event.Line, error) {
	l := &event.Line{}
	if err := json.Unmarshal(text, l); err != nil {
		return nil, jsonError(err)
	}
	if l.ID == "" || l.Received.IsZero() {
		return nil, invalid("", "not an archive line: event_id or received is missing")
	}
	return l, nil
}

// Record returns the event of a line as it was stored. If its body cannot be
// decoded, because it is sealed, it has only the fields of the line.
func Record(l *event.Line) *event.Record {
	r := &event.Record{
		Seq: l.Seq, Revision: l.Revision, Late: l.Late, Deliveries: l.Deliveries, LastSeen: l.LastSeen, Runs: l.Runs,
	}
	body := []byte(l.Body)
	if len(l.Sealed) > 0 {
		body = l.Sealed
	}
	ev, err := Event(body)
	if err != nil {
		r.Damage = "the archived event cannot be read: " + err.Error()
		ev = &event.Event{
			Envelope: event.Envelope{OrganizationGUID: l.Organization, ID: l.ID, Type: l.Type, Timestamp: l.Happened},
			Meeting:  &event.Meeting{ID: l.MeetingID}, Change: &event.Change{}, Test: &event.Test{}, Own: own.None(), Body: body,
		}
	}
	if ev.Timestamp.IsZero() {
		ev.Timestamp = l.Happened
	}
	ev.Arrive(l.Received)
	r.Event = ev
	return r
}

// Stored decodes an event that the store has returned without decoding it. If the
// body cannot be decoded, the event keeps what is stored besides it, with Damage.
func Stored(r *event.Record) {
	if !r.Raw {
		return
	}
	r.Raw = false
	ev, err := Event(r.Event.Body)
	if err != nil {
		r.Damage = "the stored event cannot be read: " + err.Error()
		return
	}
	if ev.Timestamp.IsZero() {
		ev.Timestamp = r.Event.Timestamp
	}
	ev.Arrive(r.Event.Received)
	r.Event = ev
}
