package event

import (
	"bytes"
	"encoding/json"
	"strings"
)

// What the data of an event is about shows in its fields, so that an event of a
// type that is new has a meeting too. The documented types only add that a
// single field of theirs is enough.

func isScheduling(eventType string) bool {
	return eventType == TypeScheduled || eventType == TypeRescheduled || eventType == TypeCanceled
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

// mayHaveShape reports whether it is worth a closer look what data is about.
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

// Absent reports whether there is no meeting at all.
func (m *Meeting) Absent() bool {
	if m == nil {
		return true
	}
	i := &m.Info
	return m.ID == "" && m.EmailMeetingID == "" && m.ZoomMeetingID == "" && m.OrganizationID == "" &&
		m.Start.IsZero() && m.End.IsZero() && !m.IsCanceled && m.Owner == (Person{}) &&
		i.PrimaryInviteeName == "" && i.PrimaryInvitee == "" && i.OptionalInvitees == "" && i.MeetingName == "" &&
		i.Location == "" && i.ExistingEmailMeetingID == "" && i.CalendarURL == "" && i.OrganizationPath == "" &&
		i.CalendarPath == "" && len(i.FormValues) == 0 && len(i.SurveyQuestions) == 0
}

// Absent reports whether there is no change at all.
func (c *Change) Absent() bool {
	return c == nil || c.Previous == nil && c.Current == nil && c.ModifiedBy == (Person{}) &&
		c.Setting.Module == "" && c.Setting.Name == "" && c.Setting.Default == nil && c.Setting.Title == "" &&
		c.Setting.HelpText == ""
}
