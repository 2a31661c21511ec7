package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// Line is a stored event as one line of JSON, in exports and in the archive.
type Line struct {
	Seq       int64     `json:"seq"`
	ID        string    `json:"event_id"`
	Type      string    `json:"event_type"`
	Happened  time.Time `json:"event_timestamp"`
	Received  time.Time `json:"received"`
	LastSeen  time.Time `json:"last_seen,omitzero"`
	MeetingID string    `json:"meeting_id,omitempty"`
	// Organization of ID and MeetingID.
	Organization string `json:"organization,omitempty"`
	Revision     string `json:"revision"`
	Late         bool   `json:"late,omitempty"`
	Deliveries   int    `json:"deliveries"`
	Runs         int    `json:"runs"`
	// Body is the received event, except for white space. Sealed replaces it if it
	// is not JSON, because it is encrypted.
	Body   json.RawMessage `json:"body,omitempty"`
	Sealed []byte          `json:"sealed,omitempty"`
	// RunList are the runs that the event started, without the results of their
	// actions. Exports leave it out.
	RunList []*Run `json:"run_list,omitempty"`
}

// LineOf returns a stored event as a line.
func LineOf(r *Record) Line {
	ev := r.Event
	l := Line{
		Seq: r.Seq, ID: ev.ID, Type: ev.Type, Happened: ev.Timestamp, Received: ev.Received, LastSeen: r.LastSeen,
		MeetingID: ev.Meeting.ID, Organization: ev.Organization(), Revision: r.Revision, Late: r.Late, Deliveries: r.Deliveries, Runs: r.Runs,
	}
	if json.Valid(ev.Body) {
		l.Body = ev.Body
	} else {
		l.Sealed = ev.Body
	}
	return l
}

// Encode returns the line with a line break at its end.
func (l *Line) Encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // the body keeps its bytes
	if err := enc.Encode(l); err != nil {
		return nil, fmt.Errorf("write event %q as a line: %w", l.ID, err)
	}
	return b.Bytes(), nil
}
