package privacy_test

import (
	"slices"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/privacy"
)

func TestHide(t *testing.T) {
	t.Parallel()
	p, err := privacy.ParseFields([]string{"meeting.meetingInfo.primaryInvitee", "meeting.meetingInfo.formValues.*.answerText", "data.extra", "event.webhookId"})
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{
		`{"data":{"meetingInfo":{"primaryInvitee":"a@b.example","location":"x"}}}`:           `{"data":{"meetingInfo":{"primaryInvitee":"redacted@redacted.invalid","location":"x"}}}`,
		`{"data":{"meetingInfo":{"PRIMARYinvitee":"Ann","location":1.50}}}`:                  `{"data":{"meetingInfo":{"PRIMARYinvitee":"[redacted]","location":1.50}}}`,
		`{"data":{"meetingInfo":{"primaryInvitee":"first","primaryInvitee":"second"}}}`:      `{"data":{"meetingInfo":{"primaryInvitee":"[redacted]","primaryInvitee":"[redacted]"}}}`,
		`{"data":{"meetingInfo":{"formValues":[{"answerText":""},{"answerText":"b"}]}}}`:     `{"data":{"meetingInfo":{"formValues":[{"answerText":""},{"answerText":"[redacted]"}]}}}`,
		`{"data":{"extra":{"a.b":["x",1234567,true,null,{"c":"y"}]}},"eventId":"e"}`:         `{"data":{"extra":{"a.b":["[redacted]",null,null,null,{"c":"[redacted]"}]}},"eventId":"e"}`,
		`{"data":[],"webhookId":"w","other":"primaryInvitee"}`:                               `{"data":[],"webhookId":"[redacted]","other":"primaryInvitee"}`,
		`{"data":{"meetingInfo":"primaryInvitee"},"primaryInvitee":"stays","event":{"a":1}}`: `{"data":{"meetingInfo":"primaryInvitee"},"primaryInvitee":"stays","event":{"a":1}}`,
	} {
		got, values, err := p.Hide([]byte(body))
		if err != nil || string(got) != want {
			t.Errorf("%s becomes\n%s, want\n%s (%v)", body, got, want, err)
		}
		for _, v := range values {
			if slices.Contains([]string{"", "stays", "null", "true"}, v) {
				t.Errorf("%s: the value %q is not private", body, v)
			}
		}
	}
	if _, _, err := p.Hide([]byte("{")); err == nil {
		t.Error("half a body is hidden")
	}
}

// TestHideTheMeeting: an event without a time that it needs is shown with less,
// and never as it came.
func TestHideTheMeeting(t *testing.T) {
	t.Parallel()
	p, err := privacy.ParseFields([]string{"meeting"})
	if err != nil {
		t.Fatal(err)
	}
	body, err := sample.Body(event.TypeScheduled, "e1", time.Unix(1_800_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	ev, err := decode.Event(body)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := p.Event(ev)
	if err != nil || shown.ID != "e1" || shown.Meeting.ID != ev.Meeting.ID || shown.Meeting.Info.PrimaryInvitee != privacy.RedactedAddress || shown.Drift != nil || string(shown.Body) == string(body) {
		t.Errorf("it is shown as %+v, %v", shown, err)
	}
}
