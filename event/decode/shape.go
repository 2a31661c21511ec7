package decode

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/gavel-rules/gavel/event"
)

// The fields of the data decide whether an event has a meeting or a change, so
// that new types of event work. For documented types a single field is enough.

func isScheduling(eventType string) bool {
	return eventType == event.TypeScheduled || eventType == event.TypeRescheduled || eventType == event.TypeCanceled
}

func isChange(eventType string) bool {
	return strings.HasPrefix(eventType, "organization.") && strings.HasSuffix(eventType, ".changed")
}

// hasMeeting reports whether data with these fields, in lower case, is a
// meeting.
func hasMeeting(fields map[string]json.RawMessage) bool {
	n := 0
	for _, name := range []string{"meetingstart", "meetingend", "meetingowner", "meetinginfo"} {
		if has(fields, name) {
			n++
		}
	}
	return n > 1 || n == 1 && has(fields, "id")
}

// hasChange reports whether data with these fields, in lower case, is a change.
func hasChange(fields map[string]json.RawMessage) bool {
	before, after := has(fields, "previous"), has(fields, "current")
	return before && after || (before || after) && has(fields, "modifiedby")
}

func has(fields map[string]json.RawMessage, name string) bool {
	_, ok := fields[name]
	return ok
}

// mayHaveShape reports whether data may be a meeting or a change.
func mayHaveShape(data []byte) bool {
	if !isObject(data) {
		return false
	}
	for _, name := range []string{`"meeting`, `"previous"`, `"current"`} {
		if bytes.Contains(data, []byte(name)) {
			return true
		}
	}
	return false
}
