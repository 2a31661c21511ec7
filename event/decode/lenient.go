package decode

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
)

// decodeLeniently decodes an event field by field and lists differences from the
// documentation. If a name is repeated, the last one counts.
func decodeLeniently(body []byte) (*event.Event, error) {
	if err := checkJSON(body); err != nil {
		return nil, err
	}
	r := &reader{}
	fields := r.object(body)
	ev := &event.Event{Meeting: &event.Meeting{}, Change: &event.Change{}, Test: &event.Test{}, Own: own.None()}
	if err := r.identify(ev, fields); err != nil {
		return nil, err
	}
	for _, name := range []string{"eventid", "eventtype", "organizationguid"} {
		delete(fields, name)
	}
	r.structure(fields, reflect.ValueOf(&ev.Envelope).Elem(), "")
	if ev.Timestamp.IsZero() {
		if raw := fields["eventtimestamp"]; len(raw) == 0 || raw[0] == 'n' || string(raw) == `""` {
			r.tell("eventTimestamp", aTime, raw)
		}
		// The best known time. If it is zero, Arrive sets it.
		ev.Timestamp = ev.DeliveryTimestamp
	}
	r.data(ev, fields["data"])
	for _, path := range repeated(body) {
		r.add(event.Drift{Path: path, Want: "the name once", Got: "the name more than once"})
	}
	ev.Drift = r.drift
	return ev, nil
}

// checkJSON returns an error for a body that is not a JSON object.
func checkJSON(body []byte) error {
	var object map[string]json.RawMessage
	if !isObject(body) {
		return notAnObject(body)
	}
	if err := json.Unmarshal(body, &object); err != nil {
		return jsonError(err)
	}
	return nil
}

const (
	maxDrift     = 16  // of one event
	maxDriftPath = 120 // in bytes
)

// reader collects the drift of one event.
type reader struct{ drift []event.Drift }

func (r *reader) tell(path, want string, got json.RawMessage) {
	r.add(event.Drift{Path: path, Want: want, Got: kindOf(got)})
}

func (r *reader) add(d event.Drift) {
	if len(r.drift) < maxDrift {
		r.drift = append(r.drift, d)
	}
}

// object returns the fields of an object by name in lower case.
func (r *reader) object(raw json.RawMessage) map[string]json.RawMessage {
	members, err := Object(raw)
	if err != nil {
		return nil // not reached: the body is valid JSON
	}
	fields := make(map[string]json.RawMessage, len(members))
	for _, m := range members {
		fields[strings.ToLower(m.Key)] = m.Value
	}
	return fields
}

// identify reads the required fields of an event, and its scope.
func (r *reader) identify(ev *event.Event, fields map[string]json.RawMessage) error {
	var err error
	if ev.ID, err = r.required("eventId", fields["eventid"]); err != nil {
		return err
	}
	if ev.Type, err = r.required("eventType", fields["eventtype"]); err != nil {
		return err
	}
	if !isID(ev.ID) {
		r.add(event.Drift{Path: "eventId", Want: anID, Got: "another"})
		ev.ID = event.HashID(ev.ID)
	}
	if !isID(ev.Type) {
		r.add(event.Drift{Path: "eventType", Want: anID, Got: "another"})
		ev.Type = strings.Map(visible, clip(ev.Type, maxID-len("…")))
	}
	guid := fields["organizationguid"]
	switch text := scalar(guid); {
	case kindOf(guid) == aText && isID(text):
		ev.OrganizationGUID = text
	case kindOf(guid) == aText:
		r.add(event.Drift{Path: "organizationGuid", Want: anID, Got: "another"})
		ev.Scope = event.HashID(text)
	case kindOf(guid) != nothing && kindOf(guid) != aNull:
		r.tell("organizationGuid", aText, guid)
		if ev.Scope = string(guid); !isID(ev.Scope) {
			ev.Scope = event.HashID(ev.Scope)
		}
	}
	return nil
}

// required reads eventId or eventType, as text or as a number.
func (r *reader) required(field string, raw json.RawMessage) (string, error) {
	kind := kindOf(raw)
	text := scalar(raw)
	switch {
	case text != "":
	case kind == anObject || kind == aList:
		return "", invalid(field, "must be text, not %s", kind)
	case field == "eventId":
		return "", invalid(field, "is missing; it is the identity of the event")
	default:
		return "", invalid(field, "is missing")
	}
	if kind != aText {
		r.tell(field, aText, raw)
	}
	return text, nil
}

// scalar returns the value of text, or a number or boolean as written, else "".
func scalar(raw json.RawMessage) string {
	switch kindOf(raw) {
	case aText:
		var s string
		if json.Unmarshal(raw, &s) == nil {
			return s
		}
	case aNumber, aBoolean:
		return string(raw)
	}
	return ""
}

// data fills Meeting, Change and Test by the shape of the data.
func (r *reader) data(ev *event.Event, raw json.RawMessage) {
	scheduling, change, test := isScheduling(ev.Type), isChange(ev.Type), ev.Type == event.TypeWebhookTest
	if kindOf(raw) != anObject {
		if scheduling || change || test {
			r.tell("data", anObject, raw)
		}
		return
	}
	fields := r.object(raw)
	if own.Is(ev.Type) {
		ev.Own = &own.Facts{}
		r.structure(fields, reflect.ValueOf(ev.Own).Elem(), "data")
		return
	}
	if scheduling || hasMeeting(fields) {
		r.structure(fields, reflect.ValueOf(ev.Meeting).Elem(), "data")
		if !isID(ev.Meeting.ID) {
			r.add(event.Drift{Path: "data.id", Want: anID, Got: "another"})
			ev.Meeting.ID = ""
		}
	}
	if change || hasChange(fields) {
		r.structure(fields, reflect.ValueOf(ev.Change).Elem(), "data")
	}
	if test {
		r.structure(fields, reflect.ValueOf(ev.Test).Elem(), "data")
	}
	if scheduling && ev.Meeting.Absent() || change && ev.Change.Absent() {
		r.add(event.Drift{Path: "data", Want: "the documented fields", Got: "none of them"})
	}
}

// structure fills a struct from the fields of an object.
func (r *reader) structure(fields map[string]json.RawMessage, into reflect.Value, path string) {
	t := into.Type()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		raw := fields[strings.ToLower(name)]
		if kind := kindOf(raw); kind == nothing || kind == aNull {
			continue
		}
		below := name
		if path != "" {
			below = path + "." + name
		}
		r.value(raw, into.Field(i), below)
	}
}

// value fills one field; a value of another kind stays absent.
func (r *reader) value(raw json.RawMessage, into reflect.Value, path string) {
	kind := kindOf(raw)
	want := wanted(into.Type())
	switch at := into.Addr().Interface().(type) {
	case *time.Time:
		ok := false
		if kind == aText {
			*at, ok = parseTime(scalar(raw))
		}
		if !ok {
			r.add(event.Drift{Path: path, Want: want, Got: strings.Replace(kind, aText, "other text", 1)})
		}
		return
	case *int:
		n, err := strconv.Atoi(string(raw))
		if err != nil {
			r.tell(path, want, raw)
			return
		}
		*at = n
		return
	}
	switch {
	case want != anything && want != kind:
		r.tell(path, want, raw)
	case into.Kind() == reflect.Struct:
		r.structure(r.object(raw), into, path)
	case into.Kind() == reflect.Slice:
		r.list(raw, into, path)
	default:
		fresh := reflect.New(into.Type())
		if err := event.UnmarshalExact(raw, fresh.Interface()); err != nil {
			r.tell(path, "a number of at most 64 bits", raw)
			return
		}
		into.Set(fresh.Elem())
	}
}

func (r *reader) list(raw json.RawMessage, into reflect.Value, path string) {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return // not reached: the body is valid JSON
	}
	list := reflect.MakeSlice(into.Type(), len(items), len(items))
	for i, item := range items {
		if kindOf(item) != aNull {
			r.value(item, list.Index(i), path+".*")
		}
	}
	into.Set(list)
}

// anything is the wanted kind of a field of any type.
const anything = "anything"

func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return aText
	case reflect.Bool:
		return aBoolean
	case reflect.Int:
		return "a whole number"
	case reflect.Slice:
		return aList
	case reflect.Interface:
		return anything
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return aTime
		}
	}
	return anObject
}

// isID reports whether a store can keep the id in an index.
func isID(id string) bool { return len(id) <= maxID && !strings.ContainsFunc(id, isControl) }

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

func visible(r rune) rune {
	if isControl(r) {
		return utf8.RuneError
	}
	return r
}
