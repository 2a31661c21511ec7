package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Redacted stands where a value is not shown.
const Redacted = "[redacted]"

// RedactedAddress stands for an email address, so that what needs one can still
// be shown.
const RedactedAddress = "redacted@redacted.invalid"

// shortestNumber is the length from which a private number is looked for in
// other text: shorter ones stand for other things as well.
const shortestNumber = 6

// Private are the fields of events that people do not get to see. A nil or
// empty Private hides nothing.
type Private [][]string

// ParsePrivate reads paths such as meeting.meetingInfo.primaryInvitee or, with
// * for any name or item, meeting.meetingInfo.formValues.*.answerText. What is
// below a path is private with it. Fields that Gavel does not know itself begin
// with data. The error of a misspelt path says what is near it and wraps
// ErrInvalid.
func ParsePrivate(paths []string) (Private, error) {
	var p Private
	for _, path := range paths {
		names := strings.Split(strings.TrimSpace(path), ".")
		if slices.Contains(names, "") {
			return nil, fmt.Errorf("%w path %q: name a field such as meeting.meetingInfo.primaryInvitee", ErrInvalid, path)
		}
		known := map[string]reflect.Type{
			"meeting": reflect.TypeFor[Meeting](), "change": reflect.TypeFor[Change](), "test": reflect.TypeFor[Test](),
			"event": reflect.TypeFor[Envelope](), "data": nil,
		}
		root, ok := known[names[0]]
		if !ok {
			return nil, fmt.Errorf("%w path %q: it must begin with meeting, change, event or data", ErrInvalid, path)
		}
		if err := checkPath(root, names[1:]); err != nil {
			return nil, fmt.Errorf("%w path %q: %s", ErrInvalid, path, err)
		}
		if names[0] == "event" {
			names = names[1:]
		} else {
			names[0] = "data"
		}
		if len(names) == 0 || slices.Contains([]string{"eventId", "eventType", "eventTimestamp"}, names[0]) {
			return nil, fmt.Errorf("%w path %q: without its id, type and time an event cannot be shown at all", ErrInvalid, path)
		}
		p = append(p, names)
	}
	return p, nil
}

// checkPath follows the names through the fields of t; nil is a type about
// which nothing is known.
func checkPath(t reflect.Type, names []string) error {
	if t == nil || len(names) == 0 || t.Kind() == reflect.Interface || t.Kind() == reflect.Map {
		return nil
	}
	switch {
	case t.Kind() == reflect.Slice:
		if _, err := strconv.Atoi(names[0]); err != nil && names[0] != "*" {
			return fmt.Errorf("%q is no position in a list; * stands for every one", names[0])
		}
		return checkPath(t.Elem(), names[1:])
	case t.Kind() != reflect.Struct || t.PkgPath() == "time":
		return fmt.Errorf("there is nothing below it at %q", names[0])
	case names[0] == "*":
		return nil
	}
	var fields []string
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == names[0] {
			return checkPath(f.Type, names[1:])
		}
		fields = append(fields, name)
	}
	return fmt.Errorf("there is no field %q%s", names[0], nearest(names[0], fields))
}

// Hide returns the body of an event without its private values, and the values.
// Names count in any case, as they do when an event is decoded.
func (p Private) Hide(body []byte) (shown []byte, values []string, err error) {
	if len(p) == 0 {
		return body, nil, nil
	}
	if !json.Valid(body) {
		return nil, nil, fmt.Errorf("%w event: the body is not valid JSON", ErrInvalid)
	}
	h := &hider{}
	shown, err = h.at(bytes.TrimSpace(body), p, false)
	return shown, h.values, err
}

// Event returns the event without its private values. What cannot be decoded
// without them keeps its envelope and the identity of its meeting.
func (p Private) Event(ev *Event) (*Event, error) {
	if len(p) == 0 {
		return ev, nil
	}
	body, _, err := p.Hide(ev.Body)
	if err != nil {
		return nil, err
	}
	shown, err := Decode(body)
	if err != nil {
		shown = &Event{Envelope: ev.Envelope, Body: body}
		shown.Meeting, shown.Change = &Meeting{}, &Change{}
		if ev.Meeting != nil {
			shown.Meeting.ID = ev.Meeting.ID
		}
	}
	shown.Received = ev.Received
	return shown, nil
}

// hider is one walk through a body.
type hider struct{ values []string }

// at returns raw without what the paths lead to; all says that raw is private
// as a whole.
func (h *hider) at(raw json.RawMessage, paths [][]string, all bool) (json.RawMessage, error) {
	switch raw[0] {
	case '{':
		members, err := readObject(raw)
		if err != nil {
			return nil, fmt.Errorf("hide fields: %w", err)
		}
		for i, m := range members {
			if members[i].value, err = h.below(m.value, m.key, paths, all); err != nil {
				return nil, err
			}
		}
		return writeObject(members)
	case '[':
		var items []json.RawMessage
		if err := json.Unmarshal(raw, &items); err != nil {
			return nil, fmt.Errorf("hide fields: %w", err)
		}
		for i, item := range items {
			var err error
			if items[i], err = h.below(item, strconv.Itoa(i), paths, all); err != nil {
				return nil, err
			}
		}
		return append(append([]byte{'['}, bytes.Join(asBytes(items), []byte{','})...), ']'), nil
	}
	if !all {
		return raw, nil
	}
	return h.leaf(raw)
}

func (h *hider) below(raw json.RawMessage, name string, paths [][]string, all bool) (json.RawMessage, error) {
	var further [][]string
	for _, p := range paths {
		if p[0] != "*" && !strings.EqualFold(p[0], name) {
			continue
		}
		if len(p) == 1 {
			all = true
		} else {
			further = append(further, p[1:])
		}
	}
	if !all && len(further) == 0 {
		return raw, nil
	}
	return h.at(raw, further, all)
}

// leaf keeps the kind of a value where it can: a text stays a text.
func (h *hider) leaf(raw json.RawMessage) (json.RawMessage, error) {
	if raw[0] != '"' {
		if digit := raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9'; digit && len(raw) >= shortestNumber {
			h.values = append(h.values, string(raw))
		}
		return json.RawMessage("null"), nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return nil, fmt.Errorf("hide fields: %w", err)
	}
	switch {
	case text == "":
		return raw, nil
	case strings.Contains(text, "@"):
		raw = json.RawMessage(`"` + RedactedAddress + `"`)
	default:
		raw = json.RawMessage(`"` + Redacted + `"`)
	}
	h.values = append(h.values, text)
	return raw, nil
}
