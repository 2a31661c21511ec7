package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// maxID bounds identifiers, so that an index entry stays small.
const maxID = 256

// Decode reads one event. Unknown event types and unknown fields are kept in
// Body and Data and are never an error. The error says which field is wrong
// and wraps ErrInvalid; it quotes no more than a few characters of the body.
func Decode(body []byte) (*Event, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, invalid("", "the body is empty; send the event as a JSON object")
	}
	if !utf8.Valid(body) {
		return nil, invalid("", "the body is not valid UTF-8")
	}
	var w wireEnvelope
	if err := json.Unmarshal(body, &w); err != nil {
		return nil, jsonError("", err)
	}
	envelope, err := w.envelope()
	if err != nil {
		return nil, err
	}
	ev := &Event{
		Envelope: envelope,
		Meeting:  &Meeting{}, Change: &Change{}, Test: &Test{},
		Body: body, data: w.Data,
	}
	if err := ev.checkEnvelope(); err != nil {
		return nil, err
	}
	if err := ev.decodeData(); err != nil {
		return nil, err
	}
	return ev, nil
}

// decodeData fills Meeting, Change or Test, by type. Data of a type that is
// not documented stays raw.
func (e *Event) decodeData() error {
	switch {
	case e.Type == TypeWebhookTest:
		return e.unmarshalData(e.Test)
	case e.isScheduling():
		var w wireMeeting
		if err := e.unmarshalData(&w); err != nil {
			return err
		}
		m, err := w.meeting()
		if err != nil {
			return err
		}
		e.Meeting = m
		return e.checkMeeting()
	case strings.HasPrefix(e.Type, "organization.") && strings.HasSuffix(e.Type, ".changed"):
		return e.unmarshalData(e.Change)
	}
	return nil
}

func (e *Event) unmarshalData(into any) error {
	if !isObject(e.data) {
		return invalid("data", "must be an object for event type %q", e.Type)
	}
	if err := json.Unmarshal(e.data, into); err != nil {
		return jsonError("data", err)
	}
	return nil
}

func (e *Event) isScheduling() bool {
	return e.Type == TypeScheduled || e.Type == TypeRescheduled || e.Type == TypeCanceled
}

func (e *Event) checkEnvelope() error {
	switch {
	case e.ID == "":
		return invalid("eventId", "is missing; it is the identity of the event")
	case len(e.ID) > maxID:
		return invalid("eventId", "is %d bytes long; the longest accepted is %d", len(e.ID), maxID)
	case hasControl(e.ID):
		return invalid("eventId", "holds a control character")
	case e.Type == "":
		return invalid("eventType", "is missing")
	case len(e.Type) > maxID:
		return invalid("eventType", "is %d bytes long; the longest accepted is %d", len(e.Type), maxID)
	case hasControl(e.Type):
		return invalid("eventType", "holds a control character")
	case e.Timestamp.IsZero():
		return invalid("eventTimestamp", "is missing; it says when the event happened")
	}
	return nil
}

func (e *Event) checkMeeting() error {
	m := e.Meeting
	switch {
	case len(m.ID) > maxID:
		return invalid("data.id", "is %d bytes long; the longest accepted is %d", len(m.ID), maxID)
	case hasControl(m.ID):
		return invalid("data.id", "holds a control character")
	}
	return nil
}

// wireEnvelope is Envelope with times as text, so that an error can name the
// field.
type wireEnvelope struct {
	OrganizationGUID  string          `json:"organizationGuid"`
	ID                string          `json:"eventId"`
	WebhookID         string          `json:"webhookId"`
	EndpointURL       string          `json:"endpointUrl"`
	Timestamp         string          `json:"eventTimestamp"`
	DeliveryAttempt   int             `json:"deliveryAttempt"`
	DeliveryTimestamp string          `json:"deliveryTimestamp"`
	Type              string          `json:"eventType"`
	Data              json.RawMessage `json:"data"`
}

func (w *wireEnvelope) envelope() (Envelope, error) {
	e := Envelope{
		OrganizationGUID: w.OrganizationGUID, ID: w.ID, WebhookID: w.WebhookID,
		EndpointURL: w.EndpointURL, DeliveryAttempt: w.DeliveryAttempt, Type: w.Type,
	}
	var err error
	if e.Timestamp, err = parseTime("eventTimestamp", w.Timestamp); err != nil {
		return e, err
	}
	e.DeliveryTimestamp, err = parseTime("deliveryTimestamp", w.DeliveryTimestamp)
	return e, err
}

// wireMeeting is Meeting with times as text: its own fields stand above the
// embedded ones of the same name.
type wireMeeting struct {
	Meeting
	Start string `json:"meetingStart"`
	End   string `json:"meetingEnd"`
}

func (w *wireMeeting) meeting() (*Meeting, error) {
	m := &w.Meeting
	var err error
	if m.Start, err = parseTime("data.meetingStart", w.Start); err != nil {
		return nil, err
	}
	m.End, err = parseTime("data.meetingEnd", w.End)
	return m, err
}

var timeLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04Z07:00", "2006-01-02T15:04"}

// parseTime accepts ISO 8601 with or without a fraction and an offset; without
// an offset it is UTC, as the vendor documents. Empty is the zero time.
func parseTime(field, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, invalid(field, "is %q, which is not an ISO 8601 time such as 2026-01-31T09:30:00Z", clip(s, 40))
}

// jsonError turns an error of encoding/json into words with a place.
func jsonError(prefix string, err error) error {
	var (
		typ    *json.UnmarshalTypeError
		syntax *json.SyntaxError
	)
	switch {
	case errors.As(err, &typ):
		field := strings.Trim(prefix+"."+strings.TrimPrefix(typ.Field, "Meeting."), ".")
		if field == "" {
			return invalid("", "the body must be a JSON object, not %s", article(typ.Value))
		}
		return invalid(field, "must be %s, not %s", jsonName(typ), article(typ.Value))
	case errors.As(err, &syntax):
		return invalid(prefix, "the body is not valid JSON: %s at byte %d", syntax, syntax.Offset)
	}
	return invalid(prefix, "the body is not valid JSON: %s", clip(err.Error(), 120))
}

func jsonName(e *json.UnmarshalTypeError) string {
	switch k := e.Type.Kind().String(); k {
	case "struct", "map", "ptr":
		return "an object"
	case "slice":
		return "a list"
	case "string":
		return "a string"
	case "bool":
		return "true or false"
	default:
		return "a whole number"
	}
}

func article(kind string) string {
	kind = clip(kind, 40)
	switch {
	case kind == "object":
		return "an object"
	case kind == "array":
		return "a list"
	case kind == "bool":
		return "true or false"
	case strings.HasPrefix(kind, "number "):
		return "the number " + strings.TrimPrefix(kind, "number ")
	}
	return "a " + kind
}

func invalid(field, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if field != "" {
		text = field + " " + text
	}
	return fmt.Errorf("%w event: %s", ErrInvalid, text)
}

func isObject(raw json.RawMessage) bool {
	trimmed := bytes.TrimLeft(raw, " \t\r\n")
	return len(trimmed) > 0 && trimmed[0] == '{'
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f })
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
