// Package sample makes events as Cirrus Insight would send them, and changes
// single fields of their bodies.
package sample

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
)

// Body returns a made-up event of the given type as Cirrus Insight would
// send it, about 1.4 kB of JSON. The same arguments give the same bytes. The
// meeting's identity follows from id, so events with different ids are about
// different meetings unless meeting.id is changed with Set. A type that is not
// documented gets an empty data object. The error is that of a time which JSON
// cannot encode (a year after 9999).
func Body(eventType, id string, now time.Time) ([]byte, error) {
	now = now.UTC().Truncate(time.Millisecond)
	body, err := json.Marshal(wireEvent{
		Envelope: event.Envelope{
			OrganizationGUID: organization,
			ID:               id,
			WebhookID:        "0d2f6a5e-7b1c-4c39-9f0e-5a8b3d6c2e71",
			EndpointURL:      "https://hooks.acme.example/webhooks/cirrus-insight",
			Timestamp:        now, DeliveryAttempt: 1, DeliveryTimestamp: now,
			Type: eventType,
		},
		Data: data(eventType, id, now),
	})
	if err != nil {
		return nil, fmt.Errorf("make sample event: %w", err)
	}
	return body, nil
}

const organization = "7c9e6679-7425-40de-944b-e07fc1f90ae7"

type wireEvent struct {
	event.Envelope
	Data any `json:"data"`
}

func data(eventType, id string, now time.Time) any {
	if own.Is(eventType) {
		return own.Sample(eventType, now)
	}
	switch eventType {
	case event.TypeWebhookTest:
		return event.Test{
			WebhookEndpoint: "https://hooks.acme.example/webhooks/cirrus-insight",
			Username:        "admin@acme.example",
		}
	case event.TypeScheduled, event.TypeRescheduled, event.TypeCanceled:
		return meeting(eventType, id, now)
	case event.TypeSettingChanged:
		return settingChange{
			Previous: settingValue{Value: "15"},
			Current:  settingValue{Value: "30", AllowUserOverride: true},
			Setting: event.Setting{
				Module: "SmartScheduler", Name: "MeetingBufferMinutes", Default: "15",
				Title:    "Buffer between meetings",
				HelpText: "Minutes that are kept free before and after each meeting booked through a scheduling link.",
			},
			ModifiedBy: admin(),
		}
	case event.TypeProfileChanged:
		return change{
			Previous: map[string]any{
				"companyName": "Acme", "webAddress": "https://www.acme.example",
				"logoUrl": "https://www.acme.example/logo-2024.png",
			},
			Current: map[string]any{
				"companyName": "Acme Group", "webAddress": "https://www.acme.example",
				"logoUrl": "https://www.acme.example/logo.png",
			},
			ModifiedBy: admin(),
		}
	case event.TypeServiceAccountChanged:
		return change{
			Previous: map[string]any{
				"type": "google", "name": "Calendar access", "credentials": "unchanged",
				"domains": []string{"acme.example"},
			},
			Current: map[string]any{
				"type": "google", "name": "Calendar access", "credentials": "changed",
				"domains": []string{"acme.example", "sales.acme.example"},
			},
			ModifiedBy: admin(),
		}
	}
	return struct{}{}
}

func meeting(eventType, id string, now time.Time) any {
	start := now.Truncate(time.Hour).Add(49 * time.Hour)
	if eventType == event.TypeRescheduled {
		start = start.Add(24 * time.Hour)
	}
	m := event.Meeting{
		ID:             identifier(id),
		EmailMeetingID: "AAMkAGI2TG93AAA0MDVhLTk1ZjQtNGNkYi1iMjMwLTQ3Y2RkNWU4ZjBhNQBGAAAAAAC",
		OrganizationID: organization,
		Start:          start, End: start.Add(30 * time.Minute),
		IsCanceled: eventType == event.TypeCanceled,
		Owner: event.Person{
			UserID: "41c0b5f2-9f37-4a16-8f0b-0b8f4f0e7d55", Username: "host@acme.example",
			LastName: "Owner", FirstName: "Sample",
		},
		Info: event.Info{
			PrimaryInviteeName: "Sample Invitee",
			PrimaryInvitee:     "invitee@globex.example",
			OptionalInvitees:   "second@globex.example, third@globex.example",
			MeetingName:        "Product introduction",
			Location:           "https://meet.acme.example/product-introduction",
			CalendarURL:        "https://book.acme.example/acme/product-introduction",
			OrganizationPath:   "acme", CalendarPath: "product-introduction",
			FormValues: []event.FormValue{
				{Question: "Company", AnswerText: "Globex"},
				{Question: "Company size", AnswerText: "51-200"},
				{Question: "What would you like to talk about?", AnswerText: "Pricing and the Salesforce integration"},
			},
			SurveyQuestions: []event.SurveyQuestion{
				{Question: "How did you hear about us?", Answer: "A colleague", IsRequired: true},
			},
		},
	}
	return meetingData{Meeting: m, Info: info{Info: m.Info}}
}

// meetingData is a Meeting with null where the vendor sends null. Its own fields
// hide the embedded ones of the same name.
type meetingData struct {
	event.Meeting
	ZoomMeetingID *string `json:"zoomMeetingId"`
	Info          info    `json:"meetingInfo"`
}

type info struct {
	event.Info
	ExistingEmailMeetingID *string `json:"existingEmailMeetingId"`
}

type settingValue struct {
	Value             string `json:"value"`
	AllowUserOverride bool   `json:"allowUserOverride"`
}

type settingChange struct {
	Previous   settingValue  `json:"previous"`
	Current    settingValue  `json:"current"`
	Setting    event.Setting `json:"setting"`
	ModifiedBy event.Person  `json:"modifiedBy"`
}

type change struct {
	Previous   map[string]any `json:"previous"`
	Current    map[string]any `json:"current"`
	ModifiedBy event.Person   `json:"modifiedBy"`
}

func admin() event.Person {
	return event.Person{
		UserID: "9b2d7a10-3c5e-4f68-a1d4-6e7f8091a2b3", Username: "admin@acme.example",
		LastName: "Admin", FirstName: "Sample",
	}
}

// identifier formats a hash of seed like an identifier of the vendor.
func identifier(seed string) string {
	sum := sha256.Sum256([]byte(seed))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
