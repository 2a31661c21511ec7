package event

import (
	"sync"
	"time"

	"github.com/gavel-rules/gavel/event/own"
)

// The event types that Cirrus Insight documents. Other types are also stored and
// matched.
const (
	TypeWebhookTest           = "developer.webhook.test"
	TypeScheduled             = "scheduling.smartscheduler.scheduled"
	TypeRescheduled           = "scheduling.smartscheduler.rescheduled"
	TypeCanceled              = "scheduling.smartscheduler.canceled"
	TypeSettingChanged        = "organization.setting.changed"
	TypeProfileChanged        = "organization.profile.changed"
	TypeServiceAccountChanged = "organization.service_account.changed"
)

// Types lists the documented event types in the vendor's order.
func Types() []string {
	return []string{
		TypeWebhookTest, TypeScheduled, TypeRescheduled, TypeCanceled,
		TypeSettingChanged, TypeProfileChanged, TypeServiceAccountChanged,
	}
}

// Event is one decoded delivery from Cirrus Insight. It is read-only.
type Event struct {
	Envelope

	// Meeting is never nil; it is the zero Meeting, and Absent, if the event has
	// none. An event of any type has one if its data has that shape.
	Meeting *Meeting
	// Change is never nil; it is the zero Change, and Absent, if the event has
	// none. An event of any type has one if its data has that shape.
	Change *Change
	// Test is never nil; it is the zero Test for other types of event.
	Test *Test
	// Own are what one of Gavel's own events says. It is never nil; it is
	// own.None for other events.
	Own *own.Facts

	// Body is the received JSON, including unknown fields; see package decode.
	Body []byte
	// Received is when the event was received; see Arrive.
	Received time.Time
	// Drift lists differences from the documentation.
	Drift []Drift

	// Scope replaces an OrganizationGUID that is not text or too long for an
	// index; else it is empty. See Organization.
	Scope string

	decodeRaw sync.Once
	raw       any
}

// Envelope has the fields that every event has.
type Envelope struct {
	OrganizationGUID string `json:"organizationGuid" expr:"organizationGuid"`
	// ID identifies the event: a repeated delivery has the same.
	ID          string `json:"eventId" expr:"eventId"`
	WebhookID   string `json:"webhookId" expr:"webhookId"`
	EndpointURL string `json:"endpointUrl" expr:"endpointUrl"`
	// Timestamp is when it happened; it decides which of two events is newer. If
	// it is missing, it is the time of delivery or of arrival; see Arrive.
	Timestamp time.Time `json:"eventTimestamp" expr:"eventTimestamp"`
	// DeliveryAttempt and DeliveryTimestamp change with each delivery attempt of
	// the vendor.
	DeliveryAttempt   int       `json:"deliveryAttempt" expr:"deliveryAttempt"`
	DeliveryTimestamp time.Time `json:"deliveryTimestamp" expr:"deliveryTimestamp"`
	Type              string    `json:"eventType" expr:"eventType"`
}

// Arrive sets when the event was received, and Timestamp if it is missing.
func (e *Event) Arrive(at time.Time) {
	e.Received = at
	if e.Timestamp.IsZero() {
		e.Timestamp = at
	}
}

// HasMeeting reports whether the event is about a meeting with an identity.
func (e *Event) HasMeeting() bool { return e.Meeting != nil && e.Meeting.ID != "" }

// Data returns the event's data field as maps, lists, strings, booleans and
// exact numbers. It is decoded on first use, because most rules do not need it.
func (e *Event) Data() any {
	e.decodeRaw.Do(func() {
		var w struct {
			Data any `json:"data"`
		}
		// These bytes have already been parsed.
		_ = UnmarshalExact(e.Body, &w)
		e.raw = w.Data
	})
	return e.raw
}

// Person is a user of the customer.
type Person struct {
	UserID    string `json:"userId" expr:"userId"`
	Username  string `json:"username" expr:"username"`
	LastName  string `json:"lastName" expr:"lastName"`
	FirstName string `json:"firstName" expr:"firstName"`
}

// Meeting is a booked meeting of a scheduling event. All text in Info was typed
// by strangers.
type Meeting struct {
	ID             string    `json:"id" expr:"id"`
	EmailMeetingID string    `json:"emailMeetingId" expr:"emailMeetingId"`
	ZoomMeetingID  string    `json:"zoomMeetingId" expr:"zoomMeetingId"`
	OrganizationID string    `json:"organizationId" expr:"organizationId"`
	Start          time.Time `json:"meetingStart" expr:"meetingStart"`
	End            time.Time `json:"meetingEnd" expr:"meetingEnd"`
	IsCanceled     bool      `json:"isCanceled" expr:"isCanceled"`
	Owner          Person    `json:"meetingOwner" expr:"meetingOwner"`
	Info           Info      `json:"meetingInfo" expr:"meetingInfo"`
}

// Absent reports whether there is no meeting.
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

// Info has the data of the booking form and the calendar.
type Info struct {
	PrimaryInviteeName     string           `json:"primaryInviteeName" expr:"primaryInviteeName"`
	PrimaryInvitee         string           `json:"primaryInvitee" expr:"primaryInvitee"`
	OptionalInvitees       string           `json:"optionalInvitees" expr:"optionalInvitees"`
	MeetingName            string           `json:"meetingName" expr:"meetingName"`
	Location               string           `json:"location" expr:"location"`
	ExistingEmailMeetingID string           `json:"existingEmailMeetingId" expr:"existingEmailMeetingId"`
	CalendarURL            string           `json:"calendarUrl" expr:"calendarUrl"`
	OrganizationPath       string           `json:"organizationPath" expr:"organizationPath"`
	CalendarPath           string           `json:"calendarPath" expr:"calendarPath"`
	FormValues             []FormValue      `json:"formValues" expr:"formValues"`
	SurveyQuestions        []SurveyQuestion `json:"surveyQuestions" expr:"surveyQuestions"`
}

// FormValue is one answer of the booking form.
type FormValue struct {
	Question   string `json:"question" expr:"question"`
	AnswerText string `json:"answerText" expr:"answerText"`
}

// SurveyQuestion is one answer of the survey that follows the booking form.
type SurveyQuestion struct {
	Question   string `json:"question" expr:"question"`
	Answer     string `json:"answer" expr:"answer"`
	IsRequired bool   `json:"isRequired" expr:"isRequired"`
}

// Change is the data of organization.* events: a value before and after. The
// shape of Previous and Current depends on the event type.
type Change struct {
	Previous   map[string]any `json:"previous" expr:"previous"`
	Current    map[string]any `json:"current" expr:"current"`
	Setting    Setting        `json:"setting" expr:"setting"`
	ModifiedBy Person         `json:"modifiedBy" expr:"modifiedBy"`
}

// Absent reports whether there is no change.
func (c *Change) Absent() bool {
	return c == nil || c.Previous == nil && c.Current == nil && c.ModifiedBy == (Person{}) &&
		c.Setting.Module == "" && c.Setting.Name == "" && c.Setting.Default == nil && c.Setting.Title == "" &&
		c.Setting.HelpText == ""
}

// Setting is the organization setting that was changed.
type Setting struct {
	Module   string `json:"module" expr:"module"`
	Name     string `json:"name" expr:"name"`
	Default  any    `json:"default" expr:"default"`
	Title    string `json:"title" expr:"title"`
	HelpText string `json:"helpText" expr:"helpText"`
}

// Test is the data of developer.webhook.test.
type Test struct {
	WebhookEndpoint string `json:"webhookEndpoint" expr:"webhookEndpoint"`
	Username        string `json:"username" expr:"username"`
}
