package ledger

import (
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
)

// EventColumns are the columns that ScanEvent reads, in its order.
const EventColumns = "e.seq, e.id, e.type, e.meeting, e.happened, e.received, e.last_seen, e.deliveries, e.runs, e.late," +
	" e.revision, e.body"

// ScanEvent reads EventColumns. An event whose body cannot be decoded is
// returned with its columns and Damage.
func ScanEvent(row Scanner) (*event.Record, error) {
	var (
		rec                          event.Record
		key, kind                    string
		meeting                      *string
		happened, received, lastSeen int64
		body                         []byte
	)
	err := row.Scan(&rec.Seq, &key, &kind, &meeting, &happened, &received, &lastSeen, &rec.Deliveries, &rec.Runs, &rec.Late,
		&rec.Revision, &body)
	if err != nil {
		return nil, err
	}
	organization, id := event.SplitKey(key)
	rec.LastSeen = Time(lastSeen)
	if rec.Event, err = decode.Event(body); err != nil {
		rec.Damage = "the stored event cannot be read: " + err.Error()
		rec.Event = &event.Event{
			Envelope: event.Envelope{OrganizationGUID: organization, ID: id, Type: kind, Timestamp: Time(happened)},
			Meeting:  &event.Meeting{}, Change: &event.Change{}, Test: &event.Test{},
			Body: body,
		}
		if meeting != nil {
			_, rec.Event.Meeting.ID = event.SplitKey(*meeting)
		}
	}
	if rec.Event.Timestamp.IsZero() {
		rec.Event.Timestamp = Time(happened)
	}
	rec.Event.Arrive(Time(received))
	return &rec, nil
}

// Received is when an accepted event was received; the engine's time if the
// receiver set none.
func Received(a *event.Acceptance) time.Time {
	if a.Event.Received.IsZero() {
		return a.Now
	}
	return a.Event.Received
}
