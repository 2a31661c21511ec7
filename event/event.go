package event

import (
	"sync"
	"time"
)

// The event types that Cirrus Insight documents. Other types are stored and
// can be matched by rules all the same.
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

// Event is one delivery from Cirrus Insight, decoded. It is read-only once
// it is decoded.
type Event struct {
	Envelope

	// Meeting is never nil; it is the zero Meeting, and Absent, when the event
	// carries none. An event of any type has one when its data has that shape.
	Meeting *Meeting
	// Change is never nil; it is the zero Change, and Absent, when the event
	// carries none. An event of any type has one when its data has that shape.
	Change *Change
	// Test is never nil; it is the zero Test for any other type of event.
	Test *Test

	// Body holds the bytes as they came, unknown fields included; see
	// package decode.
	Body []byte
	// Received is when the receiver took the event; see Arrive.
	Received time.Time
	// Drift lists what is not as documented.
	Drift []Drift

	// Scope stands in for an OrganizationGUID that is no text or fits no index;
	// empty otherwise. See Organization.
	Scope string

	decodeRaw sync.Once
	raw       any
}

// Envelope holds the fields that every event has.
type Envelope struct {
	OrganizationGUID string `json:"organizationGuid" expr:"organizationGuid"`
	// ID is the identity of the event: a repeated delivery has the same.
	ID          string `json:"eventId" expr:"eventId"`
	WebhookID   string `json:"webhookId" expr:"webhookId"`
	EndpointURL string `json:"endpointUrl" expr:"endpointUrl"`
	// Timestamp is when it happened; it decides which of two events is newer. An
	// event that does not say so has the time of its delivery or, see Arrive, of
	// its arrival.
	Timestamp time.Time `json:"eventTimestamp" expr:"eventTimestamp"`
	// DeliveryAttempt and DeliveryTimestamp change from one try of the vendor
	// to the next.
	DeliveryAttempt   int       `json:"deliveryAttempt" expr:"deliveryAttempt"`
	DeliveryTimestamp time.Time `json:"deliveryTimestamp" expr:"deliveryTimestamp"`
	Type              string    `json:"eventType" expr:"eventType"`
}

// Arrive sets when the event was received, which is also when it happened if it
// says nothing of that.
func (e *Event) Arrive(at time.Time) {
	e.Received = at
	if e.Timestamp.IsZero() {
		e.Timestamp = at
	}
}

// HasMeeting reports whether the event is about a meeting with an identity.
func (e *Event) HasMeeting() bool { return e.Meeting != nil && e.Meeting.ID != "" }

// Data returns the event's data field as plain maps, lists, texts, booleans and
// exact numbers. It is decoded on first use, because most rules never ask.
func (e *Event) Data() any {
	e.decodeRaw.Do(func() {
		var w struct {
			Data any `json:"data"`
		}
		// These bytes have been parsed once already.
		_ = UnmarshalExact(e.Body, &w)
		e.raw = w.Data
	})
	return e.raw
}

// Person is somebody with a login at the customer.
type Person struct {
	UserID    string `json:"userId" expr:"userId"`
	Username  string `json:"username" expr:"username"`
	LastName  string `json:"lastName" expr:"lastName"`
	FirstName string `json:"firstName" expr:"firstName"`
}

// Meeting is a booked meeting as the scheduling events describe it. All text
// in Info was typed by strangers.
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

// Info is what the booking form and the calendar say of a meeting.
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

// Change is what the organization.* events carry: a thing before and after.
// The shape of Previous and Current depends on the event type.
type Change struct {
	Previous   map[string]any `json:"previous" expr:"previous"`
	Current    map[string]any `json:"current" expr:"current"`
	Setting    Setting        `json:"setting" expr:"setting"`
	ModifiedBy Person         `json:"modifiedBy" expr:"modifiedBy"`
}

// Absent reports whether there is no change at all.
func (c *Change) Absent() bool {
	return c == nil || c.Previous == nil && c.Current == nil && c.ModifiedBy == (Person{}) &&
		c.Setting.Module == "" && c.Setting.Name == "" && c.Setting.Default == nil && c.Setting.Title == "" &&
		c.Setting.HelpText == ""
}

// Setting names the organization setting that a change is about.
type Setting struct {
	Module   string `json:"module" expr:"module"`
	Name     string `json:"name" expr:"name"`
	Default  any    `json:"default" expr:"default"`
	Title    string `json:"title" expr:"title"`
	HelpText string `json:"helpText" expr:"helpText"`
}

// Test is what developer.webhook.test carries.
type Test struct {
	WebhookEndpoint string `json:"webhookEndpoint" expr:"webhookEndpoint"`
	Username        string `json:"username" expr:"username"`
}
