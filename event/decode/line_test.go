package decode_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/own"
	"github.com/gavel-rules/gavel/event/sample"
)

// TestLineAndBack: an event is the same after it was written as a line.
func TestLineAndBack(t *testing.T) {
	t.Parallel()
	body, err := sample.Body(event.TypeScheduled, "evt", noon())
	if err != nil {
		t.Fatal(err)
	}
	rec := &event.Record{
		Seq: 7, Event: read(t, string(body)), Revision: "rev", Late: true, Deliveries: 3, LastSeen: noon().Add(time.Hour), Runs: 2,
	}
	rec.Event.Arrive(noon().Add(time.Minute))
	line := event.LineOf(rec)
	text, err := line.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := decode.Line(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rec, decode.Record(back), cmpopts.IgnoreUnexported(event.Event{})); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// TestSealedLine: of an event that cannot be read, what its line says is known.
func TestSealedLine(t *testing.T) {
	t.Parallel()
	rec := decode.Record(&event.Line{
		Seq: 7, ID: "e", Type: "x.y", Happened: noon(), Received: noon().Add(time.Minute), MeetingID: "m", Organization: "org", Sealed: []byte("\x00GV1"),
	})
	want := &event.Event{
		Envelope: event.Envelope{OrganizationGUID: "org", ID: "e", Type: "x.y", Timestamp: noon()},
		Meeting:  &event.Meeting{ID: "m"}, Change: &event.Change{}, Test: &event.Test{}, Own: own.None(), Body: []byte("\x00GV1"), Received: noon().Add(time.Minute),
	}
	if diff := cmp.Diff(want, rec.Event, cmpopts.IgnoreUnexported(event.Event{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(rec.Damage, "the archived event cannot be read: ") {
		t.Errorf("damage %q", rec.Damage)
	}
	// An event that says nothing of when it happened keeps what was known then.
	rec = decode.Record(&event.Line{ID: "e", Happened: noon(), Received: noon().Add(time.Minute), Body: []byte(`{"eventId": "e", "eventType": "x.y"}`)})
	if !rec.Event.Timestamp.Equal(noon()) || rec.Damage != "" {
		t.Errorf("it happened at %s, damage %q", rec.Event.Timestamp, rec.Damage)
	}
}

func TestNoLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"event_id": "e"}`:                    "not an archive line: event_id or received is missing",
		`{"received": "2026-03-09T12:00:00Z"}`: "not an archive line: event_id or received is missing",
		`{"event_id": "e`:                      "not valid JSON: unexpected end of JSON input at byte 15",
		`{"event_id": 7}`:                      "not valid JSON: json: cannot unmarshal",
		`{"event_id": "` + strings.Repeat("e", 9) + `", "received": "` + strings.Repeat("x", 500) + `"}`: "not valid JSON: ",
	} {
		l, err := decode.Line([]byte(text))
		if l != nil || !errors.Is(err, event.ErrInvalid) || !strings.Contains(err.Error(), want) || len(err.Error()) > 250 {
			t.Errorf("%.40s: %v, %v; want %q", text, l, err, want)
		}
	}
}

// TestSame: a repeat is the same event whatever changes from one delivery to
// the next, and no other.
func TestSame(t *testing.T) {
	t.Parallel()
	const first = `{"eventId": "e", "eventType": "x.y", "deliveryAttempt": 1, "webhookId": "w", "data": {"a": 1.50, "b": [1, 2]}}`
	for body, want := range map[string]bool{
		first: true,
		`{"data":{"b":[1,2],"a":1.50},"eventType":"x.y","eventId":"e","deliveryAttempt":2,"deliveryTimestamp":"2026-03-09T12:00:00Z","endpointUrl":"u","webhookId":"v"}`: true,
		`{"EVENTID": "e", "eventType": "x.y", "data": {"a": 1.50, "b": [1, 2]}}`:                                                                                         true,
		`{"eventId": "e", "eventType": "x.y", "data": {"a": 1.5, "b": [1, 2]}}`:                                                                                          false,
		`{"eventId": "e", "eventType": "x.y", "data": {"a": 1.50, "b": [2, 1]}}`:                                                                                         false,
		`{"eventId": "e", "eventType": "x.y", "data": {"a": 1.50, "b": [1, 2]}, "new": 1}`:                                                                               false,
		`{"eventId": "e", "eventType": "x.y"}`:                                                                                                                           false,
		`{"eventId": "e", "eventType": "x.y", "data": {"a": 1.50, "b": `:                                                                                                 false,
		``:        false,
		`{"a" 1}`: false,
		`{1: 1}`:  false,
	} {
		if got := decode.Same([]byte(first), []byte(body)); got != want {
			t.Errorf("%s: the same %t, want %t", body, got, want)
		}
		if got := decode.Same([]byte(body), []byte(first)); got != want {
			t.Errorf("the other way round, %s: the same %t, want %t", body, got, want)
		}
	}
	if decode.Same([]byte("sealed one"), []byte("sealed two")) || !decode.Same([]byte("sealed one"), []byte("sealed one")) {
		t.Error("two bodies that are no JSON")
	}
}
