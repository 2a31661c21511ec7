package own

import (
	"encoding/json"
	"fmt"
	"time"
)

// Organization is that of own events that are about no other event.
const Organization = "gavel"

// Telling is one own event that is about to be told.
type Telling struct {
	// ID must be the same whenever, and by whichever process, the same thing is
	// told: it is then stored once. It begins with the type and a colon; a slash in
	// it would read as the end of an organization.
	ID           string
	Type         string
	Organization string // that of what it is about; empty means Organization
	At           time.Time
	Facts        Facts
}

// Body is the JSON of the event, in the vendor's envelope.
func (t Telling) Body() ([]byte, error) {
	organization := t.Organization
	if organization == "" {
		organization = Organization
	}
	body, err := json.Marshal(struct {
		OrganizationGUID string    `json:"organizationGuid"`
		ID               string    `json:"eventId"`
		Type             string    `json:"eventType"`
		Timestamp        time.Time `json:"eventTimestamp"`
		Data             Facts     `json:"data"`
	}{organization, t.ID, t.Type, t.At.UTC(), t.Facts})
	if err != nil {
		return nil, fmt.Errorf("compose %s: %w", t.Type, err)
	}
	return body, nil
}
