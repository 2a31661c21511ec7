package event

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// maxID bounds identifiers, so that an index entry stays small.
const maxID = 256

// Decode reads one event. Unknown event types and unknown fields are kept in
// Body and Data and are never an error; what is nested deeper than MaxDepth is
// not kept. The error says which field is wrong
// and wraps ErrInvalid; it quotes no more than a few characters of the body.
func Decode(body []byte) (*Event, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, invalid("", "the body is empty; send the event as a JSON object")
	}
	if !utf8.Valid(body) {
		return nil, invalid("", "the body is not valid UTF-8")
	}
	if bytes.HasPrefix(body, []byte(byteOrderMark)) {
		return nil, invalid("", "the body begins with a byte order mark; send the JSON without it")
	}
	body, _ = Shallow(body, MaxDepth)
	ev, err := decodeScheduling(body)
	if err == nil && ev == nil {
		ev, err = decodeAny(body)
	}
	if err != nil {
		return nil, err
	}
	ev.Body = body
	return ev, nil
}

const byteOrderMark = "\ufeff"

// decodeScheduling reads an event about a meeting in one pass over the body,
// because nearly all events are that. It returns nil when the event is not of
// this kind or not as documented: decodeAny has the words for that.
func decodeScheduling(body []byte) (*Event, error) {
	if !bytes.Contains(body, []byte(`"scheduling.smartscheduler.`)) {
		return nil, nil
	}
	var w struct {
		wireEnvelope
		Data *wireMeeting `json:"data"`
	}
	if err := json.Unmarshal(body, &w); err != nil || w.Data == nil || !isScheduling(w.Type) {
		return nil, nil
	}
	envelope, err := w.envelope()
	if err != nil {
		return nil, err
	}
	m, err := w.Data.meeting()
	if err != nil {
		return nil, err
	}
	return &Event{Envelope: envelope, Meeting: m, Change: &Change{}, Test: &Test{}}, nil
}

// decodeAny reads an event of any type.
func decodeAny(body []byte) (*Event, error) {
	var w struct {
		wireEnvelope
		Data json.RawMessage `json:"data"`
	}
	if !isObject(body) {
		return nil, notAnObject(body)
	}
	if err := json.Unmarshal(body, &w); err != nil {
		return nil, jsonError("", err)
	}
	envelope, err := w.envelope()
	if err != nil {
		return nil, err
	}
	ev := &Event{Envelope: envelope, Meeting: &Meeting{}, Change: &Change{}, Test: &Test{}}
	return ev, ev.decodeData(w.Data)
}

// decodeData fills Meeting, Change or Test, by type. Data of a type that is
// not documented stays raw.
func (e *Event) decodeData(data json.RawMessage) error {
	switch {
	case e.Type == TypeWebhookTest:
		return e.unmarshalData(data, e.Test)
	case isScheduling(e.Type):
		var w wireMeeting
		if err := e.unmarshalData(data, &w); err != nil {
			return err
		}
		m, err := w.meeting()
		if err != nil {
			return err
		}
		e.Meeting = m
	case strings.HasPrefix(e.Type, "organization.") && strings.HasSuffix(e.Type, ".changed"):
		return e.unmarshalData(data, e.Change)
	}
	return nil
}

func (e *Event) unmarshalData(data json.RawMessage, into any) error {
	if !isObject(data) {
		return invalid("data", "must be an object for event type %q", e.Type)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return jsonError("data", err)
	}
	return nil
}

func isScheduling(eventType string) bool {
	return eventType == TypeScheduled || eventType == TypeRescheduled || eventType == TypeCanceled
}

func (e *Envelope) check() error {
	if err := checkID("eventId", e.ID); err != nil {
		return err
	}
	if err := checkID("eventType", e.Type); err != nil {
		return err
	}
	switch {
	case e.ID == "":
		return invalid("eventId", "is missing; it is the identity of the event")
	case e.Type == "":
		return invalid("eventType", "is missing")
	case e.Timestamp.IsZero():
		return invalid("eventTimestamp", "is missing; it says when the event happened")
	}
	return nil
}

// checkID refuses what no store could keep in an index.
func checkID(field, id string) error {
	switch {
	case len(id) > maxID:
		return invalid(field, "is %d bytes long; the longest accepted is %d", len(id), maxID)
	case hasControl(id):
		return invalid(field, "holds a control character")
	}
	return nil
}

func isObject(raw []byte) bool {
	trimmed := bytes.TrimLeft(raw, " \t\r\n")
	return len(trimmed) > 0 && trimmed[0] == '{'
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f })
}
