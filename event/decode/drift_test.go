package decode_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
)

// TestDriftIsTaken: what is not as documented is no reason to refuse an event
// that can be identified. It is told, absent under its typed name, and kept.
func TestDriftIsTaken(t *testing.T) {
	t.Parallel()
	scheduled := func(data string) string { return envelope(event.TypeScheduled, data) }
	for name, c := range map[string]struct {
		body string
		want []string
	}{
		"id number":        {with("eventId", "7"), []string{"eventId: expected text, got a number"}},
		"id too long":      {with("eventId", `"`+strings.Repeat("x", 257)+`"`), []string{"eventId: expected an id of at most 256 bytes without control characters, got another"}},
		"id with NUL":      {with("eventId", `"a\u0000"`), []string{"eventId: expected an id of at most 256 bytes without control characters, got another"}},
		"type too long":    {with("eventType", `"`+strings.Repeat("x", 257)+`"`), []string{"eventType: expected an id of at most 256 bytes without control characters, got another"}},
		"type with line":   {with("eventType", `"a\nb"`), []string{"eventType: expected an id of at most 256 bytes without control characters, got another"}},
		"organization":     {with("organizationGuid", `7`), []string{"organizationGuid: expected text, got a number"}},
		"organization map": {with("organizationGuid", `{}`), []string{"organizationGuid: expected text, got an object"}},
		"attempt fraction": {with("deliveryAttempt", "1.5"), []string{"deliveryAttempt: expected a whole number, got a number"}},
		"attempt huge":     {with("deliveryAttempt", "1"+strings.Repeat("0", 300)), []string{"deliveryAttempt: expected a whole number, got a number"}},
		"attempt text":     {with("deliveryAttempt", `"1"`), []string{"deliveryAttempt: expected a whole number, got text"}},
		"no time":          {`{"eventId": "e", "eventType": "x.y"}`, []string{"eventTimestamp: expected a time such as 2026-01-31T09:30:00Z, got nothing"}},
		"time null":        {with("eventTimestamp", `null`), []string{"eventTimestamp: expected a time such as 2026-01-31T09:30:00Z, got null"}},
		"no such day":      {with("eventTimestamp", `"2026-02-30T12:00:00Z"`), []string{"eventTimestamp: expected a time such as 2026-01-31T09:30:00Z, got other text"}},
		"time number":      {with("eventTimestamp", `1772870400`), []string{"eventTimestamp: expected a time such as 2026-01-31T09:30:00Z, got a number"}},
		"past year 9999":   {with("deliveryTimestamp", `"9999-12-31T23:59:59-23:00"`), []string{"deliveryTimestamp: expected a time such as 2026-01-31T09:30:00Z, got other text"}},
		"webhook":          {with("webhookId", `[]`), []string{"webhookId: expected text, got a list"}},
		"data missing":     {with("eventType", `"scheduling.smartscheduler.scheduled"`), []string{"data: expected an object, got nothing"}},
		"data null":        {scheduled("null"), []string{"data: expected an object, got null"}},
		"data list":        {scheduled("[]"), []string{"data: expected an object, got a list"}},
		"data empty":       {scheduled("{}"), []string{"data: expected the documented fields, got none of them"}},
		"data of a change": {envelope("organization.thing.changed", `7`), []string{"data: expected an object, got a number"}},
		"meeting id":       {scheduled(`{"id": {}, "isCanceled": true}`), []string{"data.id: expected text, got an object"}},
		"meeting id long": {scheduled(`{"isCanceled": true, "id": "` + strings.Repeat("x", 257) + `"}`),
			[]string{"data.id: expected an id of at most 256 bytes without control characters, got another"}},
		"start text":    {scheduled(`{"id": "m", "meetingStart": "soon"}`), []string{"data.meetingStart: expected a time such as 2026-01-31T09:30:00Z, got other text"}},
		"start number":  {scheduled(`{"id": "m", "meetingStart": 5}`), []string{"data.meetingStart: expected a time such as 2026-01-31T09:30:00Z, got a number"}},
		"canceled text": {scheduled(`{"id": "m", "isCanceled": "yes"}`), []string{"data.isCanceled: expected true or false, got text"}},
		"owner text":    {scheduled(`{"id": "m", "meetingOwner": "x"}`), []string{"data.meetingOwner: expected an object, got text"}},
		"owner name":    {scheduled(`{"id": "m", "meetingOwner": {"username": 5}}`), []string{"data.meetingOwner.username: expected text, got a number"}},
		"optional invitees": {scheduled(`{"id": "m", "meetingInfo": {"optionalInvitees": ["a@acme.example"]}}`),
			[]string{"data.meetingInfo.optionalInvitees: expected text, got a list"}},
		"form object": {scheduled(`{"id": "m", "meetingInfo": {"formValues": {}}}`), []string{"data.meetingInfo.formValues: expected a list, got an object"}},
		"form answer": {scheduled(`{"id": "m", "meetingInfo": {"formValues": [{"answerText": true}, null, 5]}}`),
			[]string{"data.meetingInfo.formValues.*.answerText: expected text, got true or false", "data.meetingInfo.formValues.*: expected an object, got a number"}},
		"change list":   {envelope(event.TypeProfileChanged, `{"previous": [], "current": {}}`), []string{"data.previous: expected an object, got a list"}},
		"test name":     {envelope(event.TypeWebhookTest, `{"username": []}`), []string{"data.username: expected text, got a list"}},
		"BOM":           {"\ufeff" + envelope("x.y", "{}"), []string{"the body: expected JSON without a byte order mark, got one at the start"}},
		"bad UTF-8":     {envelope("x.y", "{\"a\": \"\xff\"}"), []string{"the body: expected UTF-8, got bytes that are not UTF-8"}},
		"twice":         {`{"eventId": "first", "eventId": "e", "eventType": "x.y", "eventTimestamp": "2026-03-09T12:00:00Z"}`, []string{"eventId: expected the name once, got the name more than once"}},
		"twice, escape": {`{"event\u0049d": "first", "eventId": "e", "eventType": "x.y", "eventTimestamp": "2026-03-09T12:00:00Z"}`, []string{"eventId: expected the name once, got the name more than once"}},
		"twice, case":   {`{"EVENTID": "first", "eventId": "e", "eventType": "x.y", "eventTimestamp": "2026-03-09T12:00:00Z"}`, []string{"eventId: expected the name once, got the name more than once"}},
		"twice, deep": {scheduled(`{"id": "m", "meetingInfo": {"a\\\"": "}", "formValues": [{}, {"question": "a", "question": "b"}]}}`),
			[]string{"data.meetingInfo.formValues.*.question: expected the name once, got the name more than once"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ev := read(t, c.body)
			var got []string
			for _, d := range ev.Drift {
				got = append(got, d.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("drift (-want +got):\n%s", diff)
			}
			if !strings.HasSuffix(c.body, "\xff\"}}") && strings.TrimPrefix(c.body, "\ufeff") != string(ev.Body) {
				t.Error("the body was changed")
			}
		})
	}
}

// TestDriftKeepsTheRest: one odd field costs no other.
func TestDriftKeepsTheRest(t *testing.T) {
	t.Parallel()
	ev := read(t, `{"organizationGuid": 7, "eventId": "e", "eventType": "scheduling.smartscheduler.scheduled", "webhookId": "w",
		"deliveryTimestamp": "2026-03-09T12:00:00Z", "deliveryAttempt": "2",
		"data": {"id": "first"}, "data": {"id": "m", "meetingStart": 5, "meetingEnd": "2026-03-10T09:30:00Z",
			"meetingInfo": {"optionalInvitees": ["a@acme.example"], "meetingName": "Intro", "formValues": [7, {"question": "Size"}]}}}`)
	want := &event.Meeting{ID: "m", End: time.Date(2026, 3, 10, 9, 30, 0, 0, time.UTC), Info: event.Info{
		MeetingName: "Intro", FormValues: []event.FormValue{{}, {Question: "Size"}},
	}}
	if diff := cmp.Diff(want, ev.Meeting); diff != "" {
		t.Errorf("meeting (-want +got):\n%s", diff)
	}
	if ev.OrganizationGUID != "" || ev.WebhookID != "w" || ev.DeliveryAttempt != 0 {
		t.Errorf("envelope is %+v", ev.Envelope)
	}
	if !ev.Timestamp.Equal(time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("it happened at %s, not when it was delivered", ev.Timestamp)
	}
	data, _ := ev.Data().(map[string]any)
	info, _ := data["meetingInfo"].(map[string]any)
	if diff := cmp.Diff([]any{"a@acme.example"}, info["optionalInvitees"]); diff != "" {
		t.Errorf("the list of invitees is not in data (-want +got):\n%s", diff)
	}
}

func TestArrivalStandsInForTheTime(t *testing.T) {
	t.Parallel()
	ev := read(t, `{"eventId": "e", "eventType": "x.y"}`)
	ev.Arrive(noon())
	if !ev.Timestamp.Equal(noon()) || !ev.Received.Equal(noon()) {
		t.Errorf("it happened at %s", ev.Timestamp)
	}
	ev = read(t, with("eventId", `"e"`))
	if ev.Arrive(noon().AddDate(1, 0, 0)); ev.Timestamp.Year() != 2026 {
		t.Errorf("it happened at %s", ev.Timestamp)
	}
}

// TestManyNames: a body of names alone costs no more than its length.
func TestManyNames(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 80_000 {
		fmt.Fprintf(&b, `"n%d": 1, `, i)
	}
	ev := read(t, envelope("x.y", `{`+b.String()+`"N5": 2}`))
	if len(ev.Drift) != 1 || ev.Drift[0].Path != "data.N5" || ev.Drift[0].Field() != event.OtherField {
		t.Errorf("drift is %v", ev.Drift)
	}
}

func TestFieldIsDocumented(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"": "body", "eventId": "eventId", "data": "data", "data.meetingInfo.formValues.*.answerText": "data.meetingInfo.formValues.*.answerText",
		"data.current": "data.current", "data.current.x": "other", "x": "other", "data.meetingStart.x": "other", "data.webhookEndpoint": "data.webhookEndpoint",
	} {
		if got := (event.Drift{Path: path}).Field(); got != want {
			t.Errorf("field of %q is %q, want %q", path, got, want)
		}
	}
}

// TestMeetingByShape: what data is about shows in its fields, whatever the type.
func TestMeetingByShape(t *testing.T) {
	t.Parallel()
	const change = `"previous": {"a": "b"}, "current": {"a": "c"}`
	for _, c := range []struct {
		kind, data      string
		meeting, change bool
	}{
		{"scheduling.smartscheduler.completed", `{"id": "m", "meetingStart": "2026-03-10T09:00:00Z"}`, true, false},
		{"scheduling.smartscheduler.completed", `{"id": "m", "meetingInfo": {"meetingName": "x"}, "meetingStart": 5}`, true, false},
		{"x.y", `{"meetingOwner": {"userId": "u"}, "meetingInfo": {}}`, true, false},
		{"scheduling.smartscheduler.completed", `{"id": "m", "score": 5}`, false, false},
		{"scheduling.smartscheduler.completed", `{"meetingName": "m"}`, false, false},
		{"scheduling.smartscheduler.completed", `{"meetingStart": "2026-03-10T09:00:00Z"}`, false, false},
		{"scheduling.smartscheduler.completed", `[{"id": "m", "meetingStart": "2026-03-10T09:00:00Z"}]`, false, false},
		{"scheduling.smartscheduler.completed", `{"id": "m", "meetingStart": "2026-03-10T09:00:00Z", ` + change + `}`, true, true},
		{event.TypeScheduled, `{"id": "m"}`, true, false},
		{event.TypeScheduled, `{}`, false, false},
		{"x.y", `{` + change + `}`, false, true},
		{"x.y", `{"current": {"a": 5}}`, false, false},
		{event.TypeProfileChanged, `{"current": {"a": 5}}`, false, true},
		{event.TypeProfileChanged, `{"id": "m", "meetingStart": "2026-03-10T09:00:00Z", ` + change + `}`, false, true},
	} {
		ev := read(t, envelope(c.kind, c.data))
		if got := !ev.Meeting.Absent(); got != c.meeting {
			t.Errorf("%s %s: meeting %v, want %v", c.kind, c.data, got, c.meeting)
		}
		if got := !ev.Change.Absent(); got != c.change {
			t.Errorf("%s %s: change %v, want %v", c.kind, c.data, got, c.change)
		}
		if c.meeting && strings.Contains(c.data, `"id"`) != ev.HasMeeting() {
			t.Errorf("%s %s: the meeting has the id %q", c.kind, c.data, ev.Meeting.ID)
		}
	}
	if known := slices.Contains(event.Types(), "scheduling.smartscheduler.completed"); known {
		t.Error("the type of this test is not new any more")
	}
}
