package sample

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/internal/spelling"
)

// Set returns the body of an event with one value replaced. The path has dots
// between names ("meeting.meetingOwner.username",
// "meeting.meetingInfo.formValues.0.answerText"); meeting, change,
// gavel and data mean the data field, other names the envelope. If the old value is a string or
// null, the new one is text (null can stay null); otherwise it is parsed as JSON
// if it is JSON. Everything else keeps its bytes and its order. The error of an
// unknown path suggests the nearest name and wraps event.ErrInvalid.
func Set(body []byte, path, value string) ([]byte, error) {
	names := strings.Split(path, ".")
	switch names[0] {
	case "meeting", "change", "gavel":
		names[0] = "data"
	case "event":
		names = names[1:]
	}
	if len(names) == 0 || slices.Contains(names, "") {
		return nil, fmt.Errorf("%w path %q: name a field such as meeting.meetingOwner.username", event.ErrInvalid, path)
	}
	if !json.Valid(body) {
		return nil, fmt.Errorf("%w event: the body is not valid JSON", event.ErrInvalid)
	}
	edit := edit{path: path, value: value}
	return edit.at(bytes.TrimSpace(body), names)
}

// edit is one replacement.
type edit struct {
	path, value string
}

// at returns raw with the value below names replaced.
func (e edit) at(raw json.RawMessage, names []string) (json.RawMessage, error) {
	if len(names) == 0 {
		return e.replacement(raw)
	}
	switch raw[0] {
	case '{':
		return e.inObject(raw, names)
	case '[':
		return e.inList(raw, names)
	}
	return nil, fmt.Errorf("%w path %q: %q has nothing below it", event.ErrInvalid, e.path, names[0])
}

func (e edit) replacement(old json.RawMessage) (json.RawMessage, error) {
	asText := old[0] == '"' || old[0] == 'n' && e.value != "null"
	if !asText && json.Valid([]byte(e.value)) {
		return json.RawMessage(e.value), nil
	}
	text, err := json.Marshal(e.value)
	if err != nil {
		return nil, fmt.Errorf("set %q: %w", e.path, err)
	}
	return text, nil
}

func (e edit) inObject(raw json.RawMessage, names []string) (json.RawMessage, error) {
	members, err := decode.Object(raw)
	if err != nil {
		return nil, fmt.Errorf("set %q: %w", e.path, err)
	}
	found := -1
	keys := make([]string, len(members))
	for i, m := range members {
		keys[i] = m.Key
		if m.Key == names[0] {
			found = i // the last one counts, as in decoding
		}
	}
	if found < 0 {
		return nil, fmt.Errorf("%w path %q: the event has no field %q%s", event.ErrInvalid, e.path, names[0], spelling.Hint(names[0], keys))
	}
	if members[found].Value, err = e.at(members[found].Value, names[1:]); err != nil {
		return nil, err
	}
	return writeObject(members)
}

func (e edit) inList(raw json.RawMessage, names []string) (json.RawMessage, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, fmt.Errorf("set %q: %w", e.path, err)
	}
	i, err := strconv.Atoi(names[0])
	if err != nil || i < 0 || i >= len(items) {
		return nil, fmt.Errorf("%w path %q: %q is not a position in a list of %d (the first is 0)", event.ErrInvalid, e.path, names[0], len(items))
	}
	if items[i], err = e.at(items[i], names[1:]); err != nil {
		return nil, err
	}
	return append(append([]byte{'['}, bytes.Join(asBytes(items), []byte{','})...), ']'), nil
}

func writeObject(members []decode.Member) (json.RawMessage, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			out.WriteByte(',')
		}
		key, err := json.Marshal(m.Key)
		if err != nil {
			return nil, err
		}
		out.Write(key)
		out.WriteByte(':')
		out.Write(m.Value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

func asBytes(items []json.RawMessage) [][]byte {
	out := make([][]byte, len(items))
	for i, item := range items {
		out[i] = item
	}
	return out
}
