package decode

import (
	"time"

	"github.com/gavel-rules/gavel/event"
)

// wireEnvelope is Envelope with times as text, so that an invalid time does not
// fail decoding.
type wireEnvelope struct {
	OrganizationGUID  string `json:"organizationGuid"`
	ID                string `json:"eventId"`
	WebhookID         string `json:"webhookId"`
	EndpointURL       string `json:"endpointUrl"`
	Timestamp         string `json:"eventTimestamp"`
	DeliveryAttempt   int    `json:"deliveryAttempt"`
	DeliveryTimestamp string `json:"deliveryTimestamp"`
	Type              string `json:"eventType"`
}

// envelope returns false if a value is not as documented.
func (w *wireEnvelope) envelope() (e event.Envelope, ok bool) {
	e = event.Envelope{
		OrganizationGUID: w.OrganizationGUID, ID: w.ID, WebhookID: w.WebhookID,
		EndpointURL: w.EndpointURL, DeliveryAttempt: w.DeliveryAttempt, Type: w.Type,
	}
	var good [2]bool
	e.Timestamp, good[0] = parseTime(w.Timestamp)
	e.DeliveryTimestamp, good[1] = parseTime(w.DeliveryTimestamp)
	ok = good == [2]bool{true, true} && e.ID != "" && e.Type != "" &&
		isID(e.ID) && isID(e.Type) && isID(e.OrganizationGUID)
	return e, ok
}

// wireMeeting is Meeting with times as text. Its own fields hide the embedded
// ones of the same name.
type wireMeeting struct {
	event.Meeting
	Start string `json:"meetingStart"`
	End   string `json:"meetingEnd"`
}

// meeting returns false if a value is not as documented.
func (w *wireMeeting) meeting() (*event.Meeting, bool) {
	m := &w.Meeting
	var start, end bool
	m.Start, start = parseTime(w.Start)
	m.End, end = parseTime(w.End)
	return m, start && end && isID(m.ID)
}

// parseTime accepts ISO 8601 with or without a fraction and an offset; without
// an offset it is UTC, as the vendor documents. Empty is the zero time.
func parseTime(s string) (time.Time, bool) {
	if s == "" {
		return time.Time{}, true
	}
	for _, layout := range [...]string{
		time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04:05.999999999Z0700",
		"2006-01-02T15:04Z07:00", "2006-01-02T15:04",
	} {
		if t, err := time.Parse(layout, s); err == nil {
			// An offset can move a time out of the years that JSON can encode.
			t = t.UTC()
			if t.Year() < 1 || t.Year() > 9999 {
				return time.Time{}, false
			}
			return t, true
		}
	}
	return time.Time{}, false
}
