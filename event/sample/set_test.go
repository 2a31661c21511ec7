package sample_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/sample"
)

const small = `{"eventId":"e","deliveryAttempt":1,"data":{"id":"m","zoomMeetingId":null,"isCanceled":false,` +
	`"meetingOwner":{"username":"a@acme.example"},"meetingInfo":{"formValues":[{"answerText":"x"},{"answerText":"y"}]},"big":12345678901234567890}}`

func TestSet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ path, value, was, becomes string }{
		"text":                   {"meeting.meetingOwner.username", `b"@acme.example`, `"a@acme.example"`, `"b\"@acme.example"`},
		"digits stay text":       {"eventId", "42", `"eventId":"e"`, `"eventId":"42"`},
		"number":                 {"deliveryAttempt", "7", `"deliveryAttempt":1`, `"deliveryAttempt":7`},
		"number to text":         {"deliveryAttempt", "x", `"deliveryAttempt":1`, `"deliveryAttempt":"x"`},
		"boolean":                {"meeting.isCanceled", "true", "false", "true"},
		"null to text":           {"meeting.zoomMeetingId", "987", "null", `"987"`},
		"null stays":             {"meeting.zoomMeetingId", "null", "null", "null"},
		"boolean to null":        {"data.isCanceled", "null", "false", "null"},
		"list item":              {"meeting.meetingInfo.formValues.1.answerText", "z", `"y"`, `"z"`},
		"first list item":        {"meeting.meetingInfo.formValues.0.answerText", "z", `"x"`, `"z"`},
		"number in a list":       {"meeting.meetingInfo.formValues.1", "7", `{"answerText":"y"}`, "7"},
		"whole list":             {"meeting.meetingInfo.formValues", "[]", `[{"answerText":"x"},{"answerText":"y"}]`, "[]"},
		"event names the front":  {"event.eventId", "f", `"eventId":"e"`, `"eventId":"f"`},
		"change stands for data": {"change.id", "c", `"id":"m"`, `"id":"c"`},
		"all of data":            {"meeting", `{}`, small[strings.Index(small, `{"id"`) : len(small)-1], "{}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := sample.Set([]byte(small), c.path, c.value)
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.Replace(small, c.was, c.becomes, 1); string(got) != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestSetRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, path, want string }{
		"misspelt":          {small, "meeting.meetingOwner.usrname", `no field "usrname"; did you mean "username"?`},
		"case":              {small, "eventid", `did you mean "eventId"?`},
		"nothing like it":   {small, "colour", `no field "colour"; it has eventId, deliveryAttempt, data`},
		"below a string":    {small, "eventId.x", `"x" has nothing below it`},
		"below null":        {small, "meeting.zoomMeetingId.x", `"x" has nothing below it`},
		"list past the end": {small, "meeting.meetingInfo.formValues.2.answerText", `"2" is not a position in a list of 2`},
		"list before":       {small, "meeting.meetingInfo.formValues.-1.answerText", `"-1" is not a position in a list of 2 (the first is 0)`},
		"list by name":      {small, "meeting.meetingInfo.formValues.first", `"first" is not a position`},
		"empty path":        {small, "", "name a field"},
		"empty name":        {small, "meeting..id", "name a field"},
		"event alone":       {small, "event", "name a field"},
		"no JSON":           {"{", "eventId", "not valid JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := sample.Set([]byte(c.body), c.path, "v")
			if !errors.Is(err, event.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v; want ErrInvalid saying %q", err, c.want)
			}
		})
	}
}

// TestSetOfARepeatedName changes the one that counts.
func TestSetOfARepeatedName(t *testing.T) {
	t.Parallel()
	got, err := sample.Set([]byte(` {"eventId": "a", "x\"": [ ], "eventId": "b"} `), "eventId", "c")
	if want := `{"eventId":"a","x\"":[ ],"eventId":"c"}`; err != nil || string(got) != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
}
