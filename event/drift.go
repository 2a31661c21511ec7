package event

import (
	"reflect"
	"strings"
)

// Drift is one difference of an event from the vendor's documentation. It
// contains no value of the event.
type Drift struct {
	// Path of the field, such as data.meetingInfo.optionalInvitees, with * for
	// an item of a list; empty for the body as a whole.
	Path string `json:"path"`
	// Want and Got are in words: "text", "a list".
	Want string `json:"want"`
	Got  string `json:"got"`
}

// OtherField is the Field of a Drift of an undocumented field.
const OtherField = "other"

// Field returns the Path, or OtherField if the field is not documented, so that
// it can label a metric.
func (d Drift) Field() string {
	if d.Path == "" {
		return "body"
	}
	names := strings.Split(d.Path, ".")
	if names[0] != "data" {
		if documented(reflect.TypeFor[Envelope](), names) {
			return d.Path
		}
		return OtherField
	}
	for _, t := range []reflect.Type{reflect.TypeFor[Meeting](), reflect.TypeFor[Change](), reflect.TypeFor[Test]()} {
		if documented(t, names[1:]) {
			return d.Path
		}
	}
	return OtherField
}

// String returns the drift in words.
func (d Drift) String() string {
	path := d.Path
	if path == "" {
		path = "the body"
	}
	return path + ": expected " + d.Want + ", got " + d.Got
}

func documented(t reflect.Type, names []string) bool {
	switch {
	case len(names) == 0:
		return true
	case t.Kind() == reflect.Slice:
		return names[0] == "*" && documented(t.Elem(), names[1:])
	case t.Kind() != reflect.Struct || t.PkgPath() == "time":
		return false
	}
	for f := range t.Fields() {
		if f.Tag.Get("json") == names[0] {
			return documented(f.Type, names[1:])
		}
	}
	return false
}
