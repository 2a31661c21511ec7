package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// absurd is one body and what it gets: 400 with these words, or 200.
type absurd struct {
	name, body string
	code       int
	words      string
}

const (
	opening = `{"eventId":"absurd","eventType":"scheduling.smartscheduler.scheduled","eventTimestamp":"2026-03-09T12:00:00Z"`
	unknown = `{"eventId":"absurd","eventType":"some.type","eventTimestamp":"2026-03-09T12:00:00Z"`
)

// withData is a meeting event with this data, withOther an event of an unknown
// type with this text after its envelope.
func withData(data string) string    { return opening + `,"data":` + data + `}` }
func withOther(fields string) string { return unknown + `,` + fields + `}` }

// notJSON are bodies that no JSON parser takes.
func notJSON() []absurd {
	const syntax = "not valid JSON"
	return []absurd{
		{"one bracket", `{`, 400, syntax},
		{"one list bracket", `[`, 400, syntax},
		{"closing bracket", `}`, 400, syntax},
		{"one quote", `"`, 400, syntax},
		{"one minus", `-`, 400, syntax},
		{"one comma", `,`, 400, syntax},
		{"cut in a name", `{"event`, 400, syntax},
		{"cut after a name", `{"eventId"`, 400, syntax},
		{"cut after a colon", `{"eventId":`, 400, syntax},
		{"cut in a value", opening[:60], 400, syntax},
		{"cut before the end", opening, 400, syntax},
		{"cut in an escape", `{"eventId":"\`, 400, syntax},
		{"cut in a code point", `{"eventId":"\u00`, 400, syntax},
		{"cut in a literal", `{"eventId":nul`, 400, syntax},
		{"comma at the end", opening + `,}`, 400, syntax},
		{"two commas", withOther(`"a":1,,"b":2`), 400, syntax},
		{"comma at the beginning", `{,"eventId":"absurd"}`, 400, syntax},
		{"no comma", `{"eventId":"absurd" "eventType":"x"}`, 400, syntax},
		{"no colon", `{"eventId" "absurd"}`, 400, syntax},
		{"name without quotes", `{eventId:"absurd"}`, 400, syntax},
		{"single quotes", `{'eventId':'absurd'}`, 400, syntax},
		{"number as a name", `{1:"absurd"}`, 400, syntax},
		{"something after the end", withOther(`"a":1`) + `x`, 400, syntax},
		{"two objects", withOther(`"a":1`) + withOther(`"a":1`), 400, syntax},
		{"wrong bracket", `{"eventId":"absurd"]`, 400, syntax},
		{"a comment", opening + ` /* no */ }`, 400, syntax},
		{"NaN", withOther(`"a":NaN`), 400, syntax},
		{"Infinity", withOther(`"a":-Infinity`), 400, syntax},
		{"plus sign", withOther(`"a":+1`), 400, syntax},
		{"leading zero", withOther(`"a":01`), 400, syntax},
		{"hexadecimal", withOther(`"a":0x1F`), 400, syntax},
		{"no digit after the point", withOther(`"a":1.`), 400, syntax},
		{"no digit before the point", withOther(`"a":.1`), 400, syntax},
		{"no digit in the exponent", withOther(`"a":1e`), 400, syntax},
		{"True", withOther(`"a":True`), 400, syntax},
		{"unknown escape", withOther(`"a":"\x41"`), 400, syntax},
		{"bad code point", withOther(`"a":"\uZZZZ"`), 400, syntax},
		{"line break in a string", withOther("\"a\":\"x\ny\""), 400, syntax},
		{"zero byte in a string", withOther("\"a\":\"\x00\""), 400, syntax},
		{"zero byte alone", "\x00", 400, syntax},
		{"zero byte at the end", withOther(`"a":1`) + "\x00", 400, syntax},
		{"form feed as white space", "\f" + withOther(`"a":1`), 400, syntax},
		{"no-break space as white space", "\u00a0" + withOther(`"a":1`), 400, syntax},
		{"HTML", `<!doctype html><p>absurd`, 400, syntax},
		{"XML", `<?xml version="1.0"?><absurd/>`, 400, syntax},
		{"a form", `eventId=absurd&eventType=x`, 400, syntax},
		{"YAML", "eventId: absurd\neventType: x\n", 400, syntax},
	}
}

// notUnicode are bodies in another encoding, or in none.
func notUnicode() []absurd {
	wide := func(s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			b.WriteByte(c)
			b.WriteByte(0)
		}
		return b.String()
	}
	return []absurd{
		{"UTF-16 with a mark", "\xff\xfe" + wide(withOther(`"a":1`)), 400, "not valid JSON"},
		{"UTF-16 without a mark", wide(withOther(`"a":1`)), 400, "not valid JSON"},
		{"bytes at random", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff", 400, "not valid JSON"},
	}
}

// notAnEvent are bodies that are JSON and no event.
func notAnEvent() []absurd {
	const object = "must be a JSON object"
	id := func(id string) string {
		return `{"eventId":` + id + `,"eventType":"x","eventTimestamp":"2026-03-09T12:00:00Z","data":{}}`
	}
	return []absurd{
		{"null", `null`, 400, object}, {"true", `true`, 400, object}, {"a number", `17`, 400, object},
		{"a huge number", `1e999999`, 400, object}, {"a string", `"absurd"`, 400, object},
		{"a list", `[]`, 400, object}, {"a list of events", `[` + withData(`{}`) + `]`, 400, object},
		{"no field", `{}`, 400, "eventId is missing"},
		{"id is null", id(`null`), 400, "eventId is missing"},
		{"id is empty", id(`""`), 400, "eventId is missing"},
		{"id is an object", id(`{"a":1}`), 400, "eventId must be text"},
		{"no type", `{"eventId":"absurd","eventTimestamp":"2026-03-09T12:00:00Z"}`, 400, "eventType is missing"},
		{"type is a list", `{"eventId":"absurd","eventType":["x"],"eventTimestamp":"2026-03-09T12:00:00Z"}`, 400, "eventType must be text"},
		{"100,000 open lists", strings.Repeat("[", 100_000), 400, ""},
		{"100,000 open objects", strings.Repeat(`{"a":`, 100_000), 400, ""},
	}
}

// drifting are bodies that are not as documented, and can be identified.
func drifting() []absurd {
	id := func(id string) string {
		return `{"eventId":` + id + `,"eventType":"x","eventTimestamp":"2026-03-09T12:00:00Z","data":{}}`
	}
	at := func(moment string) string {
		return `{"eventId":"absurd","eventType":"x","eventTimestamp":` + moment + `,"data":{}}`
	}
	return []absurd{
		{"byte order mark", "\ufeff" + withOther(`"a":1`), 200, "accepted"},
		{"Latin-1", withOther("\"a\":\"Z\xfcrich\""), 200, "accepted"},
		{"overlong slash", withOther("\"a\":\"\xc0\xaf\""), 200, "accepted"},
		{"surrogate as UTF-8", withOther("\"a\":\"\xed\xa0\x80\""), 200, "accepted"},
		{"beyond Unicode", withOther("\"a\":\"\xf4\x90\x80\x80\""), 200, "accepted"},
		{"cut character", withOther("\"a\":\"\xe2\x82\""), 200, "accepted"},
		{"bad byte in a name", withOther("\"a\xff\":1"), 200, "accepted"},
		{"id is a number", id(`17`), 200, "accepted"},
		{"id is too long", id(`"` + strings.Repeat("a", 257) + `"`), 200, "accepted"},
		{"id with a zero byte", id(`"absurd\u0000"`), 200, "accepted"},
		{"id with a line break", id(`"absurd\n"`), 200, "accepted"},
		{"no moment", `{"eventId":"absurd","eventType":"x"}`, 200, "accepted"},
		{"moment is a number", at(`1767225600`), 200, "accepted"},
		{"moment in words", at(`"yesterday"`), 200, "accepted"},
		{"the 30th of February", at(`"2026-02-30T12:00:00Z"`), 200, "accepted"},
		{"25 o'clock", at(`"2026-03-09T25:00:00Z"`), 200, "accepted"},
		{"year zero", at(`"0000-01-01T00:00:00Z"`), 200, "accepted"},
		{"attempts beyond 64 bits", withOther(`"deliveryAttempt":99999999999999999999`), 200, "accepted"},
		{"half an attempt", withOther(`"deliveryAttempt":1.5`), 200, "accepted"},
		{"data is null", withData(`null`), 200, "accepted"},
		{"data is missing", opening + `}`, 200, "accepted"},
		{"data is a list", withData(`[]`), 200, "accepted"},
		{"data is a string", withData(`"meeting"`), 200, "accepted"},
		{"meeting without times that are times", withData(`{"meetingStart":"soon"}`), 200, "accepted"},
		{"meeting id is a number", withData(`{"id":17}`), 200, "accepted"},
		{"meeting id with a zero byte", withData(`{"id":"\u0000"}`), 200, "accepted"},
		{"owner is a list", withData(`{"meetingOwner":[]}`), 200, "accepted"},
		{"canceled is a word", withData(`{"isCanceled":"yes"}`), 200, "accepted"},
		{"answers are an object", withData(`{"meetingInfo":{"formValues":{}}}`), 200, "accepted"},
		{"an answer is a number", withData(`{"meetingInfo":{"formValues":[17]}}`), 200, "accepted"},
		{"100,000 lists", withOther(`"data":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)), 200, "accepted"},
		{"100,000 objects", withOther(`"data":` + strings.Repeat(`{"a":`, 100_000) + `1` + strings.Repeat("}", 100_000)), 200, "accepted"},
		{"100,000 lists in a meeting", withData(`{"more":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`), 200, "accepted"},
	}
}

// strange are bodies that are events all the same.
func strange() []absurd {
	return []absurd{
		{"a number beyond 64 bits", withOther(`"a":1e999999,"b":-123456789012345678901234567890`), 200, "accepted"},
		{"a number of 100,000 digits", withOther(`"a":` + strings.Repeat("9", 100_000)), 200, "accepted"},
		{"a name twice, of which the last counts", withOther(`"eventType":"another.type"`), 200, "accepted"},
		{"data twice", withData(`{"id":"a"},"data":{"id":"b"}`), 200, "accepted"},
		{"lone surrogates", withOther(`"a":"\ud800","b":"\udc00\ud800"`), 200, "accepted"},
		{"a lone surrogate in a meeting", withData(`{"meetingInfo":{"meetingName":"\ud83d"}}`), 200, "accepted"},
		{"an escaped zero byte", withOther(`"a":"\u0000"`), 200, "accepted"},
		{"a zero byte in a meeting's name", withData(`{"meetingInfo":{"meetingName":"\u0000"}}`), 200, "accepted"},
		{"an empty name", withOther(`"":{"":""}`), 200, "accepted"},
		{"10,000 fields", withOther(strings.TrimSuffix(strings.Repeat(`"a":1,`, 10_000), ",")), 200, "accepted"},
		{"99 lists", withOther(`"data":` + strings.Repeat("[", 99) + strings.Repeat("]", 99)), 200, "accepted"},
		{"nulls in a meeting", withData(`{"id":null,"meetingStart":null,"meetingOwner":null,"meetingInfo":null}`), 200, "accepted"},
		{"an empty meeting", withData(`{}`), 200, "accepted"},
		{"data of an unknown type is null", withOther(`"data":null`), 200, "accepted"},
		{"white space all around", " \r\n\t" + withOther(`"a":1`) + "\n ", 200, "accepted"},
		{"control characters for a terminal", withOther(`"a":"\u001b[2J\u009b"`), 200, "accepted"},
	}
}

// TestAbsurdBodies signs each of them, so that the decoder sees it, and
// sends a good event after each: whatever came before must not have harmed.
func TestAbsurdBodies(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	p := testkit.Start(t, testkit.Serve{Rules: tellTarget(g.URL, "good")})
	cases := slices.Concat(notJSON(), notUnicode(), notAnEvent(), drifting(), strange())
	kept := make([]string, len(cases)) // ids
	want := map[string]bool{}
	for i, c := range cases {
		name := fmt.Sprintf("strange-%d", i)
		body := strings.Replace(c.body, `"eventId":"absurd"`, `"eventId":"`+name+`"`, 1)
		a, err := p.Post([]byte(body))
		switch {
		case err != nil:
			t.Fatalf("%s: %v", c.name, err)
		case a.Code != c.code || !strings.Contains(a.Body, c.words):
			t.Errorf("%s: %d %s, want %d with %q", c.name, a.Code, a.Body, c.code, c.words)
		case len(a.Body) > 300:
			t.Errorf("%s: the answer has %d bytes", c.name, len(a.Body))
		}
		if c.code == http.StatusOK {
			kept[i] = a.EventID
			want[a.EventID] = true
		}
		good := fmt.Sprintf("good-%d", i)
		if next := p.MustPost(canceled(t, good)); next.Status != "accepted" {
			t.Errorf("after %s a good event was answered %+v", c.name, next)
		}
		want[good] = true
	}
	testkit.Eventually(t, "the actions of all good events came", func() bool { return len(g.byEvent()) == len(cases) })
	if diff := cmp.Diff(want, listEvents(t, p)); diff != "" {
		t.Errorf("stored events (-want +got):\n%s", diff)
	}
	for i, c := range cases {
		if c.code != http.StatusOK || !utf8.ValidString(c.body) || strings.HasPrefix(c.name, "100,000") {
			continue // kept as far as it can be
		}
		name := fmt.Sprintf("strange-%d", i)
		sent := strings.Replace(c.body, `"eventId":"absurd"`, `"eventId":"`+name+`"`, 1)
		if got := compact(t, showEvent(t, p, kept[i]).Body); got != compact(t, []byte(strings.TrimPrefix(sent, "\ufeff"))) {
			t.Errorf("%s: shown as %.200s", c.name, got)
		}
	}
	if code := p.Stop(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if strings.Contains(p.Log(), "panic") {
		t.Error("the log tells of a panic")
	}
}

// TestAnswersSayWhatToDo looks at the words for a mistake as a sender would.
func TestAnswersSayWhatToDo(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{})
	body := testkit.Sample(t, event.TypeScheduled, "x", "eventId", "")
	a, err := p.Post(body)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"error":"invalid event: eventId is missing; it is the identity of the event"}`
	if a.Code != http.StatusBadRequest || a.Body != want {
		t.Errorf("answered %d %s", a.Code, a.Body)
	}
}
