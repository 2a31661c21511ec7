package event

import "time"

// wireEnvelope is Envelope with times as text, so that an error can name the
// field.
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

func (w *wireEnvelope) envelope() (Envelope, error) {
	e := Envelope{
		OrganizationGUID: w.OrganizationGUID, ID: w.ID, WebhookID: w.WebhookID,
		EndpointURL: w.EndpointURL, DeliveryAttempt: w.DeliveryAttempt, Type: w.Type,
	}
	var err error
	if e.Timestamp, err = parseTime("eventTimestamp", w.Timestamp); err != nil {
		return e, err
	}
	if e.DeliveryTimestamp, err = parseTime("deliveryTimestamp", w.DeliveryTimestamp); err != nil {
		return e, err
	}
	return e, e.check()
}

// wireMeeting is Meeting with times as text: its own fields stand above the
// embedded ones of the same name.
type wireMeeting struct {
	Meeting
	Start string `json:"meetingStart"`
	End   string `json:"meetingEnd"`
}

func (w *wireMeeting) meeting() (*Meeting, error) {
	m := &w.Meeting
	var err error
	if m.Start, err = parseTime("data.meetingStart", w.Start); err != nil {
		return nil, err
	}
	if m.End, err = parseTime("data.meetingEnd", w.End); err != nil {
		return nil, err
	}
	return m, checkID("data.id", m.ID)
}

// parseTime accepts ISO 8601 with or without a fraction and an offset; without
// an offset it is UTC, as the vendor documents. Empty is the zero time.
func parseTime(field, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range [...]string{
		time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04:05.999999999Z0700",
		"2006-01-02T15:04Z07:00", "2006-01-02T15:04",
	} {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		// An offset can push a time out of the years that JSON can write.
		if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 {
			return time.Time{}, invalid(field, "is %q, which lies outside the years 1 to 9999", clip(s, 40))
		}
		return t, nil
	}
	return time.Time{}, invalid(field, "is %q, which is not an ISO 8601 time such as 2026-01-31T09:30:00Z", clip(s, 40))
}
