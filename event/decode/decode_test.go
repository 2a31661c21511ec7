package decode_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
)

func noon() time.Time { return time.Date(2026, 3, 9, 12, 0, 0, 250e6, time.UTC) }

func TestDecodeMeeting(t *testing.T) {
	t.Parallel()
	ev := read(t, `{
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
	if diff := cmp.Diff([]any{1, 2}, info["newField"]); diff != "" {
		t.Errorf("a field that is not documented is lost (-want +got):\n%s", diff)
	}
}

func TestDecodeChange(t *testing.T) {
	t.Parallel()
	ev := read(t, envelope("organization.setting.changed", `{
		"previous": {"value": "15", "allowUserOverride": false}, "current": {"value": 30},
		"setting": {"module": "M", "name": "N", "default": false, "title": "T", "helpText": "H"},
		"modifiedBy": {"userId": "u", "username": "admin@acme.example"}}`))
	want := &event.Change{
		Previous:   map[string]any{"value": "15", "allowUserOverride": false},
		Current:    map[string]any{"value": 30},
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
	ev := read(t, envelope("developer.webhook.test", `{"webhookEndpoint": "https://h.example", "username": "a@acme.example"}`))
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
		"meeting without an identity": envelope(event.TypeScheduled, `{"isCanceled": true}`),
		"null objects and lists":      envelope(event.TypeScheduled, `{"id": "m", "meetingOwner": null, "meetingInfo": null, "meetingStart": null}`),
		"null in a change":            envelope(event.TypeProfileChanged, `{"previous": {}, "current": null, "modifiedBy": null}`),
		"null in the envelope":        `{"eventId": "e", "eventType": "x.y", "eventTimestamp": "2026-03-09T12:00:00Z", "deliveryTimestamp": null, "deliveryAttempt": null}`,
		"white space around":          "\r\n\t " + envelope("x.y", `{}`) + "\n\n",
		"time with a short offset":    `{"eventId": "e", "eventType": "x.y", "eventTimestamp": "2026-03-09T14:00:00.5+0200"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ev := read(t, body)
			if ev.ID != "e" {
				t.Errorf("id is %q", ev.ID)
			}
			if string(ev.Body) != body {
				t.Error("the body was changed")
			}
			if ev.Drift != nil {
				t.Errorf("drift is %v", ev.Drift)
			}
			ev.Data()
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, want string }{
		"empty":             {"", "the body is empty"},
		"white space":       {" \n", "the body is empty"},
		"byte order mark":   {"\ufeff", "the body is empty"},
		"null":              {"null", "must be a JSON object, not null"},
		"list":              {"[1]", "must be a JSON object, not a list"},
		"number":            {"12", "must be a JSON object, not a number"},
		"huge number":       {"1e999", "must be a JSON object, not a number"},
		"string":            {`"x"`, "must be a JSON object, not text"},
		"bool":              {"true", "must be a JSON object, not true or false"},
		"no JSON":           {"hello", "not valid JSON"},
		"truncated":         {`{"eventId": "e", "da`, "not valid JSON: unexpected end"},
		"truncated meeting": {envelope(event.TypeScheduled, `{"id": "m`)[:125], "not valid JSON"},
		"two values":        {envelope("x.y", "{}") + "{}", "not valid JSON"},
		"NUL":               {"\x00", "not valid JSON"},
		"UTF-16":            {"\xff\xfe{\x00}\x00", "not valid JSON"},
		"too deep":          {envelope("x.y", strings.Repeat("[", 100_000)), "not valid JSON"},
		"too deep objects":  {strings.Repeat(`{"a":`, 100_000), "not valid JSON"},
		"no id":             {`{"eventType": "x.y", "eventTimestamp": "2026-03-09T12:00:00Z"}`, "eventId is missing"},
		"id empty":          {with("eventId", `""`), "eventId is missing"},
		"id null":           {with("eventId", "null"), "eventId is missing"},
		"id list":           {with("eventId", `["a"]`), "eventId must be text, not a list"},
		"id twice":          {`{"eventId": "a", "eventId": null, "eventType": "x.y"}`, "eventId is missing"},
		"no type":           {`{"eventId": "e", "eventTimestamp": "2026-03-09T12:00:00Z"}`, "eventType is missing"},
		"type object":       {with("eventType", `{}`), "eventType must be text, not an object"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ev, err := decode.Event([]byte(c.body))
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
		body, err := sample.Body(eventType, "evt", noon())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte("\ufeff{}"))
	f.Add([]byte(`{"eventId": 7, "eventType": "x\\u0000", "organizationGuid": [], "eventTimestamp": 5, "a": {"b": 1, "B": 2}}`))
	f.Add([]byte(`{"eventId": "\xff", "eventId": "e", "eventType": "x", "data": {"id": {}, "meetingInfo": {"formValues": [1, null, {"question": []}]}}}`))
	f.Add([]byte(envelope(event.TypeScheduled, `{"meetingStart": "9999-12-31T23:59:59-23:00"}`)))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := string(body)
		ev, err := decode.Event(body)
		if before != string(body) {
			t.Fatal("the body was changed")
		}
		if err != nil {
			if ev != nil || !errors.Is(err, event.ErrInvalid) {
				t.Fatalf("Decode gave %v, %v", ev, err)
			}
			return
		}
		for _, id := range []string{ev.ID, ev.Type, ev.OrganizationGUID, ev.Meeting.ID} {
			if len(id) > 256 || strings.ContainsFunc(id, func(r rune) bool { return r < 0x20 }) {
				t.Fatalf("id %q fits no index", id)
			}
		}
		again, err := decode.Event(ev.Body)
		if err != nil {
			t.Fatalf("what was decoded cannot be decoded again: %v", err)
		}
		if diff := cmp.Diff(again.Envelope, ev.Envelope) + cmp.Diff(again.Meeting, ev.Meeting); diff != "" {
			t.Fatalf("decoded again it is another event:\n%s", diff)
		}
		if !utf8.Valid(ev.Body) {
			t.Fatal("the body is not UTF-8")
		}
		ev.Arrive(noon())
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

// FuzzBothWays: an event that is as documented reads the same when something
// odd in it makes the decoder look at it field by field, with encoding/json.
func FuzzBothWays(f *testing.F) {
	for _, eventType := range append(event.Types(), "x.y") {
		body, err := sample.Body(eventType, "evt", noon())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
		f.Add([]byte(strings.NewReplacer(`"id"`, `"ID"`, "meetingInfo", "MEETINGinfo", "organizationGuid", "organization_guid").Replace(string(body))))
		f.Add([]byte(strings.NewReplacer("acme", `\ud83d\u0000\/\u00e9`, "true", "null").Replace(string(body))))
	}
	f.Add([]byte(envelope(event.TypeScheduled, `{"id": "m", "meetingOwner": null, "meetingInfo": {"formValues": [null, {}], "surveyQuestions": []}, "isCanceled": false}`)))
	f.Fuzz(func(t *testing.T, body []byte) {
		quick, err := decode.Event(body)
		if err != nil || len(quick.Drift) > 0 {
			return
		}
		_, members, _ := strings.Cut(string(quick.Body), "{")
		slow, err := decode.Event([]byte(`{"odd": 0, "odd": 0, ` + members))
		if err != nil {
			t.Fatal(err)
		}
		same := cmp.Diff(quick.Envelope, slow.Envelope) + cmp.Diff(quick.Meeting, slow.Meeting, cmpopts.EquateEmpty()) +
			cmp.Diff(quick.Change, slow.Change, cmpopts.EquateEmpty()) + cmp.Diff(quick.Test, slow.Test)
		if same != "" || len(slow.Drift) != 1 {
			t.Fatalf("read field by field it is another event (drift %v):\n%s", slow.Drift, same)
		}
	})
}

func read(t *testing.T, body string) *event.Event {
	t.Helper()
	ev, err := decode.Event([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

func envelope(eventType, data string) string {
	return `{"eventId": "e", "eventType": "` + eventType + `", "eventTimestamp": "2026-03-09T12:00:00Z", "data": ` + data + `}`
}

// with is an event of type x.y with one field of the envelope replaced.
func with(field, value string) string {
	all := map[string]string{"eventId": `"e"`, "eventType": `"x.y"`, "eventTimestamp": `"2026-03-09T12:00:00Z"`}
	all[field] = value
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(all)) {
		parts = append(parts, `"`+k+`": `+all[k])
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
