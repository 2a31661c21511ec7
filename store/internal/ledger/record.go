package ledger

import (
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/own"
)

// EventColumns are the columns that ScanEvent reads, in its order.
const EventColumns = "e.seq, e.id, e.type, e.meeting, e.happened, e.received, e.last_seen, e.deliveries, e.runs, e.late," +
	" e.revision, e.body"

// ScanEvent reads EventColumns. An event whose body cannot be decoded is
// returned with its columns and Damage.
func ScanEvent(row Scanner) (*event.Record, error) {
	rec, err := ScanRaw(row)
	if err == nil {
		decode.Stored(rec)
	}
	return rec, err
}

// ScanRaw reads EventColumns without decoding the body.
func ScanRaw(row Scanner) (*event.Record, error) {
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
	rec.LastSeen, rec.Raw = Time(lastSeen), true
	var parts struct { // one allocation
		event.Event
		meeting event.Meeting
		change  event.Change
		test    event.Test
	}
	rec.Event = &parts.Event
	rec.Event.Envelope = event.Envelope{OrganizationGUID: organization, ID: id, Type: kind, Timestamp: Time(happened)}
	rec.Event.Meeting, rec.Event.Change, rec.Event.Test, rec.Event.Body = &parts.meeting, &parts.change, &parts.test, body
	rec.Event.Own = own.None()
	if meeting != nil {
		_, rec.Event.Meeting.ID = event.SplitKey(*meeting)
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
