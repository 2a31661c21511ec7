// Package decode decodes webhooks of Cirrus Insight. It accepts every event that
// can be identified, and lists differences from the documentation.
package decode

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
)

// maxID is the longest id in bytes, so that an index entry stays small.
const maxID = 256

// Event decodes one event. It returns an error only for a body that is not a
// JSON object or has no eventId or eventType. Any other value that is not as
// documented stays in Body and Data, is absent as a typed field and listed in
// Drift. Unknown types and fields are not drift. The error wraps
// event.ErrInvalid and quotes at most a few characters of the body.
//
// Body has the received bytes without a byte order mark. Bytes that are not
// UTF-8 become U+FFFD, and what is nested deeper than MaxDepth is not kept.
func Event(body []byte) (*event.Event, error) {
	text, drift := readable(body)
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, invalid("", "the body is empty; send the event as a JSON object")
	}
	ev := decodeQuickly(text)
	if ev == nil {
		var err error
		if ev, err = decodeLeniently(text); err != nil {
			return nil, err
		}
	}
	ev.Body = text
	if len(drift) > 0 {
		ev.Drift = append(drift, ev.Drift...)
	}
	return ev, nil
}

const byteOrderMark = "\ufeff"

// readable repairs the encoding and nesting of a body.
func readable(body []byte) (text []byte, drift []event.Drift) {
	text = body
	if bytes.HasPrefix(text, []byte(byteOrderMark)) {
		text = bytes.TrimPrefix(text, []byte(byteOrderMark))
		drift = append(drift, event.Drift{Want: "JSON without a byte order mark", Got: "one at the start"})
	}
	if !utf8.Valid(text) {
		text = bytes.ToValidUTF8(text, []byte(string(utf8.RuneError)))
		drift = append(drift, event.Drift{Want: "UTF-8", Got: "bytes that are not UTF-8"})
	}
	if bytes.Count(text, []byte("{"))+bytes.Count(text, []byte("[")) <= MaxDepth {
		return text, drift // cannot be too deep
	}
	text, cut := Shallow(text, MaxDepth)
	if cut {
		drift = append(drift, event.Drift{Want: "at most 100 levels of nesting", Got: "more, which were not kept"})
	}
	return text, drift
}

// decodeQuickly decodes an event that is as documented, as nearly all are. It
// returns nil for others.
func decodeQuickly(body []byte) *event.Event {
	var ev *event.Event
	if bytes.Contains(body, []byte(`"scheduling.smartscheduler.`)) {
		ev = quickMeeting(body)
	}
	if ev == nil {
		ev = quickOther(body)
	}
	if ev == nil || ev.Timestamp.IsZero() || len(repeated(body)) > 0 {
		return nil
	}
	return ev
}

// likeEncodingJSON reads as encoding/json does, in about half the time.
var likeEncodingJSON = jsonv1.DefaultOptionsV1()

// quickMeeting decodes an event about a meeting in one pass over the body.
func quickMeeting(body []byte) *event.Event {
	var w struct {
		wireEnvelope
		Data *wireMeeting `json:"data"`
	}
	if err := jsonv2.Unmarshal(body, &w, likeEncodingJSON); err != nil || w.Data == nil || !isScheduling(w.Type) {
		return nil
	}
	envelope, ok := w.envelope()
	if !ok {
		return nil
	}
	m, ok := w.Data.meeting()
	if !ok || m.Absent() {
		return nil
	}
	return &event.Event{Envelope: envelope, Meeting: m, Change: &event.Change{}, Test: &event.Test{}, Own: own.None()}
}

// quickOther decodes an event of another type.
func quickOther(body []byte) *event.Event {
	var w struct {
		wireEnvelope
		Data json.RawMessage `json:"data"`
	}
	if !isObject(body) || json.Unmarshal(body, &w) != nil {
		return nil
	}
	envelope, ok := w.envelope()
	if !ok {
		return nil
	}
	ev := &event.Event{Envelope: envelope, Meeting: &event.Meeting{}, Change: &event.Change{}, Test: &event.Test{}, Own: own.None()}
	switch {
	case own.Is(ev.Type):
		ev.Own = &own.Facts{}
		ok = json.Unmarshal(w.Data, ev.Own) == nil
	case ev.Type == event.TypeWebhookTest:
		ok = json.Unmarshal(w.Data, ev.Test) == nil && *ev.Test != (event.Test{})
	case isChange(ev.Type):
		ok = event.UnmarshalExact(w.Data, ev.Change) == nil && !ev.Change.Absent()
	default:
		ok = !isScheduling(ev.Type) && !mayHaveShape(w.Data)
	}
	if !ok {
		return nil
	}
	return ev
}

func isObject(raw []byte) bool {
	trimmed := bytes.TrimLeft(raw, " \t\r\n")
	return len(trimmed) > 0 && trimmed[0] == '{'
}
