package event_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
)

var update = flag.Bool("update", false, "write the sample files anew")

func noon() time.Time { return time.Date(2026, 3, 9, 12, 0, 0, 250e6, time.UTC) }

// TestSampleFiles keeps testdata in step with Sample; other packages read
// these files as events that could have come from the vendor.
func TestSampleFiles(t *testing.T) {
	t.Parallel()
	for _, eventType := range append(event.Types(), "scheduling.smartscheduler.reassigned") {
		t.Run(eventType, func(t *testing.T) {
			t.Parallel()
			got, err := event.Sample(eventType, "evt-0001", noon())
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			file := filepath.Join("testdata", eventType+".json")
			if *update {
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s is out of date, run with -update (-file +now):\n%s", file, diff)
			}
			ev, err := event.Decode(got)
			if err != nil {
				t.Fatal(err)
			}
			if ev.ID != "evt-0001" || ev.Type != eventType || !ev.Timestamp.Equal(noon()) {
				t.Errorf("envelope is %+v", ev.Envelope)
			}
		})
	}
}

func TestDecodeMeeting(t *testing.T) {
	t.Parallel()
	ev := decode(t, `{
		"organizationGuid": "org", "eventId": "e1", "webhookId": "w", "endpointUrl": "https://h.example/x",
		"eventTimestamp": "2026-03-09T12:00:00.123Z", "deliveryAttempt": 3,
		"deliveryTimestamp": "2026-03-09T13:00:00+01:00", "eventType": "scheduling.smartscheduler.canceled",
		"newEnvelopeField": {"a": 1},
		"data": {
			"id": "m1", "emailMeetingId": "em", "zoomMeetingId": null, "organizationId": "o",
			"meetingStart": "2026-03-10T09:00:00Z", "meetingEnd": "2026-03-10T09:30", "isCanceled": true,
			"meetingOwner": {"userId": "u", "username": "host@acme.example", "lastName": "L", "firstName": "F"},
			"meetingInfo": {
				"primaryInviteeName": "Ü\u0000\ud800 <b>", "primaryInvitee": "i@globex.example",
				"optionalInvitees": "", "meetingName": "Intro", "location": "here",
				"existingEmailMeetingId": null, "calendarUrl": "c", "organizationPath": "p", "calendarPath": "q",
				"formValues": [{"question": "Size", "answerText": "5"}, null],
				"surveyQuestions": [{"question": "Why", "answer": "So", "isRequired": true}],
				"newField": [1, 2]
			}
		}
	}`)
	want := &event.Meeting{
		ID: "m1", EmailMeetingID: "em", OrganizationID: "o", IsCanceled: true,
		Start: time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC), End: time.Date(2026, 3, 10, 9, 30, 0, 0, time.UTC),
		Owner: event.Person{UserID: "u", Username: "host@acme.example", LastName: "L", FirstName: "F"},
		Info: event.Info{
			PrimaryInviteeName: "Ü\x00\ufffd <b>", PrimaryInvitee: "i@globex.example", MeetingName: "Intro",
			Location: "here", CalendarURL: "c", OrganizationPath: "p", CalendarPath: "q",
			FormValues:      []event.FormValue{{Question: "Size", AnswerText: "5"}, {}},
			SurveyQuestions: []event.SurveyQuestion{{Question: "Why", Answer: "So", IsRequired: true}},
		},
	}
	if diff := cmp.Diff(want, ev.Meeting); diff != "" {
		t.Errorf("meeting (-want +got):\n%s", diff)
	}
	wantEnvelope := event.Envelope{
		OrganizationGUID: "org", ID: "e1", WebhookID: "w", EndpointURL: "https://h.example/x",
		Timestamp:       time.Date(2026, 3, 9, 12, 0, 0, 123e6, time.UTC),
		DeliveryAttempt: 3, DeliveryTimestamp: time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC),
		Type: "scheduling.smartscheduler.canceled",
	}
	if diff := cmp.Diff(wantEnvelope, ev.Envelope); diff != "" {
		t.Errorf("envelope (-want +got):\n%s", diff)
	}
	if !ev.HasMeeting() {
		t.Error("HasMeeting is false")
	}
	info, _ := ev.Data().(map[string]any)["meetingInfo"].(map[string]any)
	if diff := cmp.Diff([]any{1.0, 2.0}, info["newField"]); diff != "" {
		t.Errorf("a field that is not documented is lost (-want +got):\n%s", diff)
	}
}

func TestDecodeChange(t *testing.T) {
	t.Parallel()
	ev := decode(t, envelope("organization.setting.changed", `{
		"previous": {"value": "15", "allowUserOverride": false}, "current": {"value": 30},
		"setting": {"module": "M", "name": "N", "default": false, "title": "T", "helpText": "H"},
		"modifiedBy": {"userId": "u", "username": "admin@acme.example"}}`))
	want := &event.Change{
		Previous:   map[string]any{"value": "15", "allowUserOverride": false},
		Current:    map[string]any{"value": 30.0},
		Setting:    event.Setting{Module: "M", Name: "N", Default: false, Title: "T", HelpText: "H"},
		ModifiedBy: event.Person{UserID: "u", Username: "admin@acme.example"},
	}
	if diff := cmp.Diff(want, ev.Change); diff != "" {
		t.Errorf("change (-want +got):\n%s", diff)
	}
	if ev.HasMeeting() {
		t.Error("a change has a meeting")
	}
}

func TestDecodeTest(t *testing.T) {
	t.Parallel()
	ev := decode(t, envelope("developer.webhook.test", `{"webhookEndpoint": "https://h.example", "username": "a@acme.example"}`))
	want := &event.Test{WebhookEndpoint: "https://h.example", Username: "a@acme.example"}
	if diff := cmp.Diff(want, ev.Test); diff != "" {
		t.Errorf("test (-want +got):\n%s", diff)
	}
}

// TestDecodeTolerates lists what is unusual and still no reason to refuse.
func TestDecodeTolerates(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"unknown type, no data":       `{"eventId": "e", "eventType": "x.y", "eventTimestamp": "2026-03-09T12:00:00Z"}`,
		"unknown type, null":          envelope("x.y", `null`),
		"unknown type, list":          envelope("x.y", `[1, 1e999, "a"]`),
		"unknown type, deep":          envelope("x.y", strings.Repeat("[", 90)+strings.Repeat("]", 90)),
		"mentions scheduling":         envelope("x.y", `{"of": "scheduling.smartscheduler.scheduled"}`),
		"meeting without an identity": envelope(event.TypeScheduled, `{}`),
		"null objects and lists":      envelope(event.TypeScheduled, `{"meetingOwner": null, "meetingInfo": null, "meetingStart": null}`),
		"null in a change":            envelope(event.TypeProfileChanged, `{"previous": null, "current": null, "modifiedBy": null}`),
		"null in the envelope":        `{"eventId": "e", "eventType": "x.y", "eventTimestamp": "2026-03-09T12:00:00Z", "deliveryTimestamp": null, "deliveryAttempt": null}`,
		"white space around":          "\r\n\t " + envelope("x.y", `{}`) + "\n\n",
		"time with a short offset":    `{"eventId": "e", "eventType": "x.y", "eventTimestamp": "2026-03-09T14:00:00.5+0200"}`,
		"twice the same key":          `{"eventId": "first", "eventId": "e", "eventType": "x.y", "eventTimestamp": "2026-03-09T12:00:00Z"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ev := decode(t, body)
			if ev.ID != "e" {
				t.Errorf("id is %q", ev.ID)
			}
			if string(ev.Body) != body {
				t.Error("the body was changed")
			}
			ev.Data()
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	scheduled := func(data string) string { return envelope(event.TypeScheduled, data) }
	with := func(field, value string) string {
		all := map[string]string{"eventId": `"e"`, "eventType": `"x.y"`, "eventTimestamp": `"2026-03-09T12:00:00Z"`}
		all[field] = value
		var parts []string
		for k, v := range all {
			parts = append(parts, `"`+k+`": `+v)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	for name, c := range map[string]struct{ body, want string }{
		"empty":               {"", "the body is empty"},
		"white space":         {" \n", "the body is empty"},
		"null":                {"null", "must be a JSON object, not null"},
		"list":                {"[1]", "must be a JSON object, not a list"},
		"number":              {"12", "must be a JSON object, not a number"},
		"huge number":         {"1e999", "must be a JSON object, not the number 1e999"},
		"string":              {`"x"`, "must be a JSON object, not a string"},
		"bool":                {"true", "must be a JSON object, not true or false"},
		"no JSON":             {"hello", "not valid JSON"},
		"truncated":           {`{"eventId": "e", "da`, "not valid JSON: unexpected end"},
		"truncated meeting":   {scheduled(`{"id": "m`)[:125], "not valid JSON"},
		"two values":          {envelope("x.y", "{}") + "{}", "not valid JSON"},
		"byte order mark":     {"\ufeff" + envelope("x.y", "{}"), "byte order mark"},
		"NUL":                 {"\x00", "not valid JSON"},
		"bad UTF-8":           {"{\"eventId\": \"\xff\"}", "not valid UTF-8"},
		"too deep":            {envelope("x.y", strings.Repeat("[", 100_000)), "not valid JSON"},
		"too deep objects":    {strings.Repeat(`{"a":`, 100_000), "not valid JSON"},
		"no id":               {`{"eventType": "x.y", "eventTimestamp": "2026-03-09T12:00:00Z"}`, "eventId is missing"},
		"no type":             {`{"eventId": "e", "eventTimestamp": "2026-03-09T12:00:00Z"}`, "eventType is missing"},
		"no time":             {`{"eventId": "e", "eventType": "x.y"}`, "eventTimestamp is missing"},
		"id null":             {with("eventId", "null"), "eventId is missing"},
		"id number":           {with("eventId", "7"), "eventId must be a string, not a number"},
		"id too long":         {with("eventId", `"`+strings.Repeat("x", 257)+`"`), "eventId is 257 bytes long"},
		"id with NUL":         {with("eventId", `"a\u0000"`), "eventId holds a control character"},
		"type too long":       {with("eventType", `"`+strings.Repeat("x", 257)+`"`), "eventType is 257 bytes long"},
		"type with line":      {with("eventType", `"a\nb"`), "eventType holds a control character"},
		"type list":           {with("eventType", `["x"]`), "eventType must be a string, not a list"},
		"attempt fraction":    {with("deliveryAttempt", "1.5"), "deliveryAttempt must be a whole number, not the number 1.5"},
		"attempt huge":        {with("deliveryAttempt", "1"+strings.Repeat("0", 300)), "deliveryAttempt must be a whole number"},
		"attempt text":        {with("deliveryAttempt", `"1"`), "deliveryAttempt must be a whole number, not a string"},
		"no such day":         {with("eventTimestamp", `"2026-02-30T12:00:00Z"`), `eventTimestamp is "2026-02-30T12:00:00Z"`},
		"not a date":          {with("eventTimestamp", `"yesterday"`), `eventTimestamp is "yesterday"`},
		"date as number":      {with("eventTimestamp", `1772870400`), "eventTimestamp must be a string, not a number"},
		"past year 9999":      {with("deliveryTimestamp", `"9999-12-31T23:59:59-23:00"`), "outside the years"},
		"long date":           {with("deliveryTimestamp", `"`+strings.Repeat("9", 500)+`"`), `999…"`},
		"meeting missing":     {`{"eventId": "e", "eventType": "scheduling.smartscheduler.scheduled", "eventTimestamp": "2026-03-09T12:00:00Z"}`, "data must be an object"},
		"meeting null":        {scheduled("null"), `data must be an object for event type "scheduling.smartscheduler.scheduled"`},
		"meeting list":        {scheduled("[]"), "data must be an object"},
		"meeting id object":   {scheduled(`{"id": {}}`), "data.id must be a string, not an object"},
		"meeting id too long": {scheduled(`{"id": "` + strings.Repeat("x", 257) + `"}`), "data.id is 257 bytes long"},
		"meeting id control":  {scheduled(`{"id": "a\u007f"}`), "data.id holds a control character"},
		"start":               {scheduled(`{"meetingStart": "soon"}`), `data.meetingStart is "soon"`},
		"start number":        {scheduled(`{"meetingStart": 5}`), "data.meetingStart must be a string, not a number"},
		"end":                 {scheduled(`{"meetingEnd": "2026-13-01T00:00:00Z"}`), "data.meetingEnd is"},
		"canceled text":       {scheduled(`{"isCanceled": "yes"}`), "data.isCanceled must be true or false, not a string"},
		"owner text":          {scheduled(`{"meetingOwner": "x"}`), "data.meetingOwner must be an object, not a string"},
		"owner name":          {scheduled(`{"meetingOwner": {"username": 5}}`), "data.meetingOwner.username must be a string, not a number"},
		"form object":         {scheduled(`{"meetingInfo": {"formValues": {}}}`), "data.meetingInfo.formValues must be a list, not an object"},
		"form answer":         {scheduled(`{"meetingInfo": {"formValues": [{"answerText": true}]}}`), "data.meetingInfo.formValues.answerText must be a string, not true or false"},
		"change list":         {envelope(event.TypeProfileChanged, `{"previous": []}`), "data.previous must be an object, not a list"},
		"change number":       {envelope(event.TypeProfileChanged, `{"previous": {"a": 1e999}}`), "must be a number that 64 bits can hold, not the number 1e999"},
		"change of a thing":   {envelope("organization.thing.changed", `7`), `data must be an object for event type "organization.thing.changed"`},
		"test name":           {envelope(event.TypeWebhookTest, `{"username": []}`), "data.username must be a string, not a list"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ev, err := event.Decode([]byte(c.body))
			if ev != nil || !errors.Is(err, event.ErrInvalid) {
				t.Fatalf("Decode gave %v, %v; want an error that is ErrInvalid", ev, err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q does not say %q", err, c.want)
			}
			if len(err.Error()) > 250 {
				t.Errorf("error quotes too much of the body: %d bytes", len(err.Error()))
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, eventType := range append(event.Types(), "x.y") {
		body, err := event.Sample(eventType, "evt", noon())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte("\ufeff{}"))
	f.Add([]byte(envelope(event.TypeScheduled, `{"meetingStart": "9999-12-31T23:59:59-23:00"}`)))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := string(body)
		ev, err := event.Decode(body)
		if before != string(body) {
			t.Fatal("the body was changed")
		}
		if err != nil {
			if ev != nil || !errors.Is(err, event.ErrInvalid) {
				t.Fatalf("Decode gave %v, %v", ev, err)
			}
			return
		}
		if ev.ID == "" || ev.Type == "" || ev.Timestamp.IsZero() || ev.Meeting == nil || ev.Change == nil || ev.Test == nil {
			t.Fatalf("an incomplete event was let through: %+v", ev)
		}
		for _, at := range []time.Time{ev.Timestamp, ev.DeliveryTimestamp, ev.Meeting.Start, ev.Meeting.End} {
			if _, err := at.MarshalJSON(); err != nil {
				t.Fatal(err)
			}
		}
		ev.Data()
	})
}

func decode(t *testing.T, body string) *event.Event {
	t.Helper()
	ev, err := event.Decode([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

func envelope(eventType, data string) string {
	return `{"eventId": "e", "eventType": "` + eventType + `", "eventTimestamp": "2026-03-09T12:00:00Z", "data": ` + data + `}`
}
