package event

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"
)

// Sample returns a made-up event of the given type as Cirrus Insight would
// send it, about 1.4 kB of JSON. The same arguments give the same bytes. The
// meeting's identity follows from id, so events with different ids are about
// different meetings unless meeting.id is changed with Set. A type that is not
// documented gets an empty data object. The error is that of a moment which
// JSON cannot write (a year past 9999).
func Sample(eventType, id string, now time.Time) ([]byte, error) {
	now = now.UTC().Truncate(time.Millisecond)
	body, err := json.Marshal(sampleEvent{
		Envelope: Envelope{
			OrganizationGUID: sampleOrganization,
			ID:               id,
			WebhookID:        "0d2f6a5e-7b1c-4c39-9f0e-5a8b3d6c2e71",
			EndpointURL:      "https://hooks.acme.example/webhooks/cirrus-insight",
			Timestamp:        now, DeliveryAttempt: 1, DeliveryTimestamp: now,
			Type: eventType,
		},
		Data: sampleData(eventType, id, now),
	})
	if err != nil {
		return nil, fmt.Errorf("make sample event: %w", err)
	}
	return body, nil
}

const sampleOrganization = "7c9e6679-7425-40de-944b-e07fc1f90ae7"

type sampleEvent struct {
	Envelope
	Data any `json:"data"`
}

func sampleData(eventType, id string, now time.Time) any {
	switch eventType {
	case TypeWebhookTest:
		return Test{
			WebhookEndpoint: "https://hooks.acme.example/webhooks/cirrus-insight",
			Username:        "admin@acme.example",
		}
	case TypeScheduled, TypeRescheduled, TypeCanceled:
		return sampleMeeting(eventType, id, now)
	case TypeSettingChanged:
		return sampleSettingChange{
			Previous: sampleSettingValue{Value: "15"},
			Current:  sampleSettingValue{Value: "30", AllowUserOverride: true},
			Setting: Setting{
				Module: "SmartScheduler", Name: "MeetingBufferMinutes", Default: "15",
				Title:    "Buffer between meetings",
				HelpText: "Minutes that are kept free before and after each meeting booked through a scheduling link.",
			},
			ModifiedBy: sampleAdmin(),
		}
	case TypeProfileChanged:
		return sampleChange{
			Previous: map[string]any{
				"companyName": "Acme", "webAddress": "https://www.acme.example",
				"logoUrl": "https://www.acme.example/logo-2024.png",
			},
			Current: map[string]any{
				"companyName": "Acme Group", "webAddress": "https://www.acme.example",
				"logoUrl": "https://www.acme.example/logo.png",
			},
			ModifiedBy: sampleAdmin(),
		}
	case TypeServiceAccountChanged:
		return sampleChange{
			Previous: map[string]any{
				"type": "google", "name": "Calendar access", "credentials": "unchanged",
				"domains": []string{"acme.example"},
			},
			Current: map[string]any{
				"type": "google", "name": "Calendar access", "credentials": "changed",
				"domains": []string{"acme.example", "sales.acme.example"},
			},
			ModifiedBy: sampleAdmin(),
		}
	}
	return struct{}{}
}

func sampleMeeting(eventType, id string, now time.Time) any {
	start := now.Truncate(time.Hour).Add(49 * time.Hour)
	if eventType == TypeRescheduled {
		start = start.Add(24 * time.Hour)
	}
	m := Meeting{
		ID:             sampleID(id),
		EmailMeetingID: "AAMkAGI2TG93AAA0MDVhLTk1ZjQtNGNkYi1iMjMwLTQ3Y2RkNWU4ZjBhNQBGAAAAAAC",
		OrganizationID: sampleOrganization,
		Start:          start, End: start.Add(30 * time.Minute),
		IsCanceled: eventType == TypeCanceled,
		Owner: Person{
			UserID: "41c0b5f2-9f37-4a16-8f0b-0b8f4f0e7d55", Username: "host@acme.example",
			LastName: "Owner", FirstName: "Sample",
		},
		Info: Info{
			PrimaryInviteeName: "Sample Invitee",
			PrimaryInvitee:     "invitee@globex.example",
			OptionalInvitees:   "second@globex.example, third@globex.example",
			MeetingName:        "Product introduction",
			Location:           "https://meet.acme.example/product-introduction",
			CalendarURL:        "https://book.acme.example/acme/product-introduction",
			OrganizationPath:   "acme", CalendarPath: "product-introduction",
			FormValues: []FormValue{
				{Question: "Company", AnswerText: "Globex"},
				{Question: "Company size", AnswerText: "51-200"},
				{Question: "What would you like to talk about?", AnswerText: "Pricing and the Salesforce integration"},
			},
			SurveyQuestions: []SurveyQuestion{
				{Question: "How did you hear about us?", Answer: "A colleague", IsRequired: true},
			},
		},
	}
	return sampleMeetingData{Meeting: m, Info: sampleInfo{Info: m.Info}}
}

// sampleMeetingData is a Meeting with null in the places where the vendor
// sends null: its own fields stand above the embedded ones of the same name.
type sampleMeetingData struct {
	Meeting
	ZoomMeetingID *string    `json:"zoomMeetingId"`
	Info          sampleInfo `json:"meetingInfo"`
}

type sampleInfo struct {
	Info
	ExistingEmailMeetingID *string `json:"existingEmailMeetingId"`
}

type sampleSettingValue struct {
	Value             string `json:"value"`
	AllowUserOverride bool   `json:"allowUserOverride"`
}

type sampleSettingChange struct {
	Previous   sampleSettingValue `json:"previous"`
	Current    sampleSettingValue `json:"current"`
	Setting    Setting            `json:"setting"`
	ModifiedBy Person             `json:"modifiedBy"`
}

type sampleChange struct {
	Previous   map[string]any `json:"previous"`
	Current    map[string]any `json:"current"`
	ModifiedBy Person         `json:"modifiedBy"`
}

func sampleAdmin() Person {
	return Person{
		UserID: "9b2d7a10-3c5e-4f68-a1d4-6e7f8091a2b3", Username: "admin@acme.example",
		LastName: "Admin", FirstName: "Sample",
	}
}

// sampleID writes a hash of seed like the identifiers that the vendor uses.
func sampleID(seed string) string {
	sum := sha256.Sum256([]byte(seed))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
