package export

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
)

// appendRaw appends a line as appendJSON does with event.LineOf, of an event that
// is not decoded. ok is false when it must be decoded.
func appendRaw(dst []byte, r *event.Record) (out []byte, ok bool) {
	ev := r.Event
	if !r.Raw {
		return dst, false
	}
	happened, ok := exact(ev)
	if !ok {
		return dst, false
	}
	out = strconv.AppendInt(append(dst, `{"seq":`...), r.Seq, 10)
	out = appendText(append(out, `,"event_id":`...), ev.ID)
	out = appendText(append(out, `,"event_type":`...), ev.Type)
	out = appendTime(append(out, `,"event_timestamp":`...), happened)
	out = appendTime(append(out, `,"received":`...), ev.Received)
	if !r.LastSeen.IsZero() {
		out = appendTime(append(out, `,"last_seen":`...), r.LastSeen)
	}
	if ev.Meeting.ID != "" {
		out = appendText(append(out, `,"meeting_id":`...), ev.Meeting.ID)
	}
	if organization := ev.Organization(); organization != "" {
		out = appendText(append(out, `,"organization":`...), organization)
	}
	out = appendText(append(out, `,"revision":`...), r.Revision)
	if r.Late {
		out = append(out, `,"late":true`...)
	}
	out = strconv.AppendInt(append(out, `,"deliveries":`...), int64(r.Deliveries), 10)
	out = strconv.AppendInt(append(out, `,"runs":`...), int64(r.Runs), 10)
	if out, ok = decode.Compact(append(out, `,"body":`...), ev.Body); !ok {
		return dst, false
	}
	return append(out, "}\n"...), true
}

// exact returns when an event happened, as exactly as its body says it: the store
// keeps microseconds.
func exact(ev *event.Event) (time.Time, bool) {
	const name = `"eventTimestamp":`
	i := bytes.Index(ev.Body, []byte(name))
	if i < 0 {
		return time.Time{}, false
	}
	text := bytes.TrimLeft(ev.Body[i+len(name):], " \t\r\n")
	if len(text) == 0 || text[0] != '"' {
		return time.Time{}, false
	}
	end := bytes.IndexByte(text[1:], '"')
	if end < 0 {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, string(text[1:1+end]))
	at = at.UTC()
	// The same name may stand elsewhere in the body as well.
	return at, err == nil && at.Truncate(time.Microsecond).Equal(ev.Timestamp)
}

func appendTime(dst []byte, t time.Time) []byte {
	return append(t.AppendFormat(append(dst, '"'), time.RFC3339Nano), '"')
}

// appendText appends a text as JSON.
func appendText(dst []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return appendOdd(dst, text)
		}
	}
	return append(append(append(dst, '"'), text...), '"')
}

func appendOdd(dst []byte, text string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text) // a text can always be encoded
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}
