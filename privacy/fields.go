package privacy

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/internal/spelling"
)

// Fields are the fields of events to hide. Nil or empty Fields hide nothing.
type Fields [][]string

// ParseFields parses paths such as meeting.meetingInfo.primaryInvitee or, with
// * for any name or item, meeting.meetingInfo.formValues.*.answerText. All
// below a path is private too. Paths of fields that Gavel does not know start
// with data. Errors wrap event.ErrInvalid and suggest a known field.
func ParseFields(paths []string) (Fields, error) {
	var p Fields
	for _, path := range paths {
		names := strings.Split(strings.TrimSpace(path), ".")
		if slices.Contains(names, "") {
			return nil, fmt.Errorf("%w path %q: name a field such as meeting.meetingInfo.primaryInvitee", event.ErrInvalid, path)
		}
		known := map[string]reflect.Type{
			"meeting": reflect.TypeFor[event.Meeting](), "change": reflect.TypeFor[event.Change](), "test": reflect.TypeFor[event.Test](), "gavel": reflect.TypeFor[own.Facts](),
			"event": reflect.TypeFor[event.Envelope](), "data": nil,
		}
		root, ok := known[names[0]]
		if !ok {
			return nil, fmt.Errorf("%w path %q: it must begin with meeting, change, gavel, event or data", event.ErrInvalid, path)
		}
		if err := checkPath(root, names[1:]); err != nil {
			return nil, fmt.Errorf("%w path %q: %s", event.ErrInvalid, path, err)
		}
		if names[0] == "event" {
			names = names[1:]
		} else {
			names[0] = "data"
		}
		if len(names) == 0 || slices.Contains([]string{"eventId", "eventType", "eventTimestamp"}, names[0]) {
			return nil, fmt.Errorf("%w path %q: an event cannot be shown without its id, type and time", event.ErrInvalid, path)
		}
		p = append(p, names)
	}
	return p, nil
}

// checkPath follows the names through the fields of t; a nil t is unknown, and
// may have any fields.
func checkPath(t reflect.Type, names []string) error {
	if t == nil || len(names) == 0 || t.Kind() == reflect.Interface || t.Kind() == reflect.Map {
		return nil
	}
	switch {
	case t.Kind() == reflect.Slice:
		if _, err := strconv.Atoi(names[0]); err != nil && names[0] != "*" {
			return fmt.Errorf("%q is not a list position; * stands for all of them", names[0])
		}
		return checkPath(t.Elem(), names[1:])
	case t.Kind() != reflect.Struct || t.PkgPath() == "time":
		return fmt.Errorf("%q has nothing below it", names[0])
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
	return fmt.Errorf("there is no field %q%s", names[0], spelling.Hint(names[0], fields))
}

// Hide returns the body of an event without its private values, and the values.
// Names are case-insensitive, as in decoding. The error for a body that is not
// JSON wraps event.ErrInvalid.
func (p Fields) Hide(body []byte) (shown []byte, values []string, err error) {
	if len(p) == 0 {
		return body, nil, nil
	}
	if !json.Valid(body) {
		return nil, nil, fmt.Errorf("%w event: the body is not valid JSON", event.ErrInvalid)
	}
	shown = rewrite(body, private{paths: p}, rewriter[private]{
		below: private.below,
		leaf: func(at private, token []byte) []byte {
			if !at.all {
				return token
			}
			shown, value := hideLeaf(token)
			if value != "" {
				values = append(values, value)
			}
			return shown
		},
	})
	return shown, values, nil
}

// Event returns the event without its private values. If it cannot be decoded
// without them, only its envelope and the id of its meeting are kept.
func (p Fields) Event(ev *event.Event) (*event.Event, error) {
	if len(p) == 0 {
		return ev, nil
	}
	body, _, err := p.Hide(ev.Body)
	if err != nil {
		return nil, err
	}
	shown, err := decode.Event(body)
	if err != nil {
		shown = &event.Event{Envelope: ev.Envelope, Meeting: &event.Meeting{}, Change: &event.Change{}, Test: &event.Test{}, Own: own.None(), Body: body}
	}
	if err != nil || slices.ContainsFunc(p, func(path []string) bool { return len(path) == 1 && path[0] == "data" }) {
		shown.Meeting.ID = ""
		if ev.Meeting != nil {
			shown.Meeting.ID = ev.Meeting.ID
		}
	}
	// Placeholders for hidden values are not drift.
	shown.Drift = ev.Drift
	shown.Arrive(ev.Received)
	return shown, nil
}

// Meeting returns a meeting without its private values; nil for nil.
func (p Fields) Meeting(m *event.Meeting) (*event.Meeting, error) {
	if m == nil || len(p) == 0 {
		return m, nil
	}
	body, _, err := p.Hide(bodyOf(m))
	if err != nil {
		return nil, err
	}
	ev, err := decode.Event(body)
	if err != nil {
		return nil, err
	}
	return ev.Meeting, nil
}

// Gathering returns gathered events without their private values; nil for nil.
func (p Fields) Gathering(g *event.Gathering) (*event.Gathering, error) {
	if g == nil || len(p) == 0 {
		return g, nil
	}
	out := &event.Gathering{Count: g.Count, Events: slices.Clone(g.Events)}
	for i, e := range out.Events {
		if e.Source() == nil {
			continue
		}
		shown, err := p.Event(e.Source())
		if err != nil {
			return nil, err
		}
		out.Events[i] = event.Gather(shown)
	}
	return out, nil
}

// bodyOf returns the body of an event with this meeting; nil on an error.
func bodyOf(m *event.Meeting) []byte {
	body, err := json.Marshal(map[string]any{
		"eventId": "hidden", "eventType": event.TypeScheduled, "eventTimestamp": time.Unix(0, 0).UTC(), "data": m,
	})
	if err != nil {
		return nil
	}
	return body
}

// private is what is private at a place in a body: what the rest of the paths
// selects, or everything.
type private struct {
	paths [][]string
	all   bool
}

func (p private) below(name string) private {
	if p.all || len(p.paths) == 0 {
		return p
	}
	var out private
	for _, path := range p.paths {
		switch {
		case path[0] != "*" && !strings.EqualFold(path[0], name):
		case len(path) == 1:
			return private{all: true}
		default:
			out.paths = append(out.paths, path[1:])
		}
	}
	return out
}

// hideLeaf replaces a value, a string by a string and all else by null.
func hideLeaf(token []byte) (shown []byte, value string) {
	if token[0] != '"' {
		if token[0] == '-' || '0' <= token[0] && token[0] <= '9' {
			value = string(token)
		}
		return []byte("null"), value
	}
	value = nameOf(token)
	switch {
	case value == "":
		return token, ""
	case strings.Contains(value, "@"):
		return []byte(`"` + RedactedAddress + `"`), value
	}
	return []byte(`"` + Redacted + `"`), value
}
