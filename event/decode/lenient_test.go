package decode_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
)

// TestDriftChangesNothingElse: what is odd in one place costs no other place
// its value, in an event of any type.
func TestDriftChangesNothingElse(t *testing.T) {
	t.Parallel()
	for _, eventType := range append(event.Types(), "x.y") {
		body, err := sample.Body(eventType, "evt", noon())
		if err != nil {
			t.Fatal(err)
		}
		plain := read(t, string(body))
		if len(plain.Drift) > 0 {
			t.Fatalf("%s: %v", eventType, plain.Drift)
		}
		odd := read(t, `{"twice": 1, "twice": 2, `+string(body[1:]))
		if diff := cmp.Diff([]event.Drift{{Path: "twice", Want: "the name once", Got: "the name more than once"}}, odd.Drift); diff != "" {
			t.Errorf("%s: drift (-want +got):\n%s", eventType, diff)
		}
		if diff := cmp.Diff(plain, odd, cmpopts.IgnoreUnexported(event.Event{}), cmpopts.IgnoreFields(event.Event{}, "Body", "Drift")); diff != "" {
			t.Errorf("%s (-plain +odd):\n%s", eventType, diff)
		}
		if diff := cmp.Diff(plain.Data(), odd.Data()); diff != "" {
			t.Errorf("%s: data (-plain +odd):\n%s", eventType, diff)
		}
	}
}

// TestIdentity: whatever identifies an event fits an index, and two that differ
// are kept apart.
func TestIdentity(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 256)
	for name, c := range map[string]struct{ field, value, want string }{
		"id":                     {"eventId", `"a b"`, "a b"},
		"id, as long as may be":  {"eventId", `"` + long + `"`, long},
		"id, longer":             {"eventId", `"` + long + `x"`, event.HashID(long + "x")},
		"id with a control":      {"eventId", `"a\u001f"`, event.HashID("a\x1f")},
		"id with DEL":            {"eventId", `"a\u007f"`, event.HashID("a\x7f")},
		"id number":              {"eventId", "12345678901234567890", "12345678901234567890"},
		"id truth value":         {"eventId", "true", "true"},
		"type":                   {"eventType", `"a.b"`, "a.b"},
		"type, as long as it is": {"eventType", `"` + long + `"`, long},
		"type, longer":           {"eventType", `"` + long + `x"`, long[:253] + "…"},
		"type with a line":       {"eventType", `"a\nb\u007f"`, "a\ufffdb\ufffd"},
		"type number":            {"eventType", "7", "7"},
		"organization":           {"organizationGuid", `"o"`, "o"},
		"organization, long":     {"organizationGuid", `"` + long + `x"`, event.HashID(long + "x")},
		"organization number":    {"organizationGuid", "7", "7"},
		"organization object":    {"organizationGuid", `{"a": 1}`, `{"a": 1}`},
		"organization huge":      {"organizationGuid", `["` + long + `"]`, event.HashID(`["` + long + `"]`)},
		"organization null":      {"organizationGuid", "null", ""},
		"organization with /":    {"organizationGuid", `"a/b"`, event.HashID("a/b")},
	} {
		ev := read(t, with(c.field, c.value))
		got := map[string]string{"eventId": ev.ID, "eventType": ev.Type, "organizationGuid": ev.Organization()}[c.field]
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if c.field != "eventId" && ev.ID != "e" || c.field != "eventType" && ev.Type != "x.y" {
			t.Errorf("%s: id %q, type %q", name, ev.ID, ev.Type)
		}
	}
	ev := read(t, envelope(event.TypeScheduled, `{"isCanceled": true, "id": "`+long+`"}`))
	if ev.Meeting.ID != long || ev.Drift != nil {
		t.Errorf("meeting %q, drift %v", ev.Meeting.ID, ev.Drift)
	}
	for _, value := range []string{"{}", "[]", `""`, "null"} {
		if ev, err := decode.Event([]byte(with("eventType", value))); err == nil {
			t.Errorf("an event of type %s is taken: %+v", value, ev)
		}
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`"2026-03-09T12:00:00Z"`:          "2026-03-09T12:00:00Z",
		`"2026-03-09T12:00:00.123456789"`: "2026-03-09T12:00:00.123456789Z",
		`"2026-03-09T14:00:00.5+02:00"`:   "2026-03-09T12:00:00.5Z",
		`"2026-03-09T14:00:00+0200"`:      "2026-03-09T12:00:00Z",
		`"2026-03-09T12:00"`:              "2026-03-09T12:00:00Z",
		`"2026-03-09T14:00+02:00"`:        "2026-03-09T12:00:00Z",
		`"9999-12-31T23:59:59Z"`:          "9999-12-31T23:59:59Z",
		`"0001-01-01T00:00:01Z"`:          "0001-01-01T00:00:01Z",
		`"9999-12-31T23:59:59-01:00"`:     "",
		`"0001-01-01T00:00:01+01:00"`:     "",
		`"2026-03-09"`:                    "",
		`"tomorrow"`:                      "",
		`["2026-03-09T12:00:00Z"]`:        "",
		`{}`:                              "",
		`true`:                            "",
	} {
		ev := read(t, with("deliveryTimestamp", value))
		got := ""
		if !ev.DeliveryTimestamp.IsZero() {
			got = ev.DeliveryTimestamp.Format(time.RFC3339Nano)
		}
		if got != want || (want == "") != (len(ev.Drift) == 1) {
			t.Errorf("%s: %q, want %q; drift %v", value, got, want, ev.Drift)
		}
	}
	// One that cannot be read is not that of the delivery.
	ev := read(t, `{"eventId": "e", "eventType": "x.y", "eventTimestamp": "", "deliveryTimestamp": "2026-03-09T12:00:00Z"}`)
	if !ev.Timestamp.Equal(ev.DeliveryTimestamp) || ev.Timestamp.IsZero() || len(ev.Drift) != 1 {
		t.Errorf("it happened at %s, drift %v", ev.Timestamp, ev.Drift)
	}
}

// TestDriftIsBounded: a body that is wrong everywhere tells the first places.
func TestDriftIsBounded(t *testing.T) {
	t.Parallel()
	var twice strings.Builder
	for i := range 20 {
		fmt.Fprintf(&twice, `"n%d": 1, "N%d": 2, `, i, i)
	}
	ev := read(t, `{`+twice.String()+`"eventId": "e", "eventType": "x.y", "eventTimestamp": "2026-03-09T12:00:00Z"}`)
	if len(ev.Drift) != 16 || ev.Drift[15].Path != "N15" {
		t.Errorf("%d places: %v", len(ev.Drift), ev.Drift)
	}
	numbers := strings.TrimSuffix(strings.Repeat("1, ", 30), ", ")
	ev = read(t, envelope(event.TypeScheduled, `{"id": "m", "meetingInfo": {"formValues": [`+numbers+`], "formValues": [`+numbers+`]}}`))
	if len(ev.Drift) != 16 || len(ev.Meeting.Info.FormValues) != 30 {
		t.Errorf("%d places, %d answers", len(ev.Drift), len(ev.Meeting.Info.FormValues))
	}
	for _, c := range []struct {
		name string
		cut  bool
	}{{strings.Repeat("x", 113), false}, {strings.Repeat("x", 114), true}, {strings.Repeat("é", 500), true}} {
		ev = read(t, envelope("x.y", `{"`+c.name+`": {"a": 1, "a": 2}}`))
		path := ev.Drift[0].Path
		if strings.HasSuffix(path, "…") != c.cut || len(path) > 120+len("…") || !c.cut && path != "data."+c.name+".a" {
			t.Errorf("path of %d bytes: %s", len(path), path)
		}
	}
}

// TestTwiceNamed: the same name in two objects is not twice the same name, and
// a text is no name.
func TestTwiceNamed(t *testing.T) {
	t.Parallel()
	for data, want := range map[string][]string{
		`{"a": {"a": {"a": 1}}, "b": {"a": 2}}`:           nil,
		`[{"a": 1}, {"a": 2}, ["a", "a"], "a", "a"]`:      nil,
		`{"a": "b", "b": "a", "c": ["a", "b"], "d": "d"}`: nil,
		`{"a": {}, "b": [], "A": 1}`:                      {"data.A"},
		`{"a": [1, {"b": 1}], "c": {"b": 1, "b": 1}}`:     {"data.c.b"},
		`[[{"b": 1, "b": 1}]]`:                            {"data.*.*.b"},
		`{"a\\": 1, "a\"": 2, "a\\": 3}`:                  {`data.a\`},
		`{"É": 1, "é": 2}`:                                {"data.é"},
		`{"é": 1, "ü": 2}`:                                nil,
		`{"a": {"b": 1}, "b": 2}`:                         nil,
		`{"ab": 1, "ba": 2, "@b": 3, "` + "`" + `b": 4}`:  nil,
		`{"a": 1, "a": 2, "a": 3}`:                        {"data.a", "data.a"},
	} {
		var got []string
		for _, d := range read(t, envelope("x.y", data)).Drift {
			got = append(got, d.Path)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", data, diff)
		}
	}
	// Many names are found in another way than few.
	for _, many := range []int{30, 31, 32, 33, 100} {
		var names strings.Builder
		for i := range many {
			fmt.Fprintf(&names, `"n%d": 1, `, i)
		}
		for twice, want := range map[string]int{"N0": 1, `x": 1, "X`: 1, fmt.Sprint("n", many-1): 1, "m0": 0} {
			ev := read(t, envelope("x.y", `{`+names.String()+`"`+twice+`": 1, "after": {"n0": 1, "n1": 1}}`))
			if len(ev.Drift) != want {
				t.Errorf("%d names and %s: %v", many, twice, ev.Drift)
			}
		}
	}
}

// TestWhatIsAChange: only organization.*.changed has to carry one.
func TestWhatIsAChange(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]int{"organization.thing.changed": 1, "organization.thing.created": 0, "billing.thing.changed": 0} {
		if ev := read(t, envelope(kind, "7")); len(ev.Drift) != want {
			t.Errorf("%s: %v", kind, ev.Drift)
		}
	}
	for data, want := range map[string]bool{
		`{"previous": {}, "modifiedBy": {}}`: true, `{"current": {}, "modifiedBy": {}}`: true, `{"previous": {}, "current": {}}`: true,
		`{"modifiedBy": {"userId": "u"}}`: false, `{"previous": {}}`: false, `{"current": {}}`: false,
		`{"a": 1}`: false, `{}`: false,
	} {
		if got := !read(t, envelope("x.y", data)).Change.Absent(); got != want {
			t.Errorf("%s: a change %t, want %t", data, got, want)
		}
	}
}

// TestTestEventThatSaysNothing: its data may be odd, and then it is told.
func TestTestEventThatSaysNothing(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]int{`{"username": "u"}`: 0, `{"webhookEndpoint": "w"}`: 0, `{}`: 0, `null`: 1, `"x"`: 1, `[]`: 1} {
		if ev := read(t, envelope(event.TypeWebhookTest, data)); len(ev.Drift) != want {
			t.Errorf("%s: %v, want %d", data, ev.Drift, want)
		}
	}
}

// TestNumbersInTheEnvelope are whole numbers or drift.
func TestNumbersInTheEnvelope(t *testing.T) {
	t.Parallel()
	odd := `, "webhookId": 5}`
	for value, want := range map[string]int{"3": 3, "0": 0, "-1": -1, "1.0": 0, "1e2": 0, "null": 0} {
		body := with("deliveryAttempt", value)
		if ev := read(t, strings.TrimSuffix(body, "}")+odd); ev.DeliveryAttempt != want {
			t.Errorf("%s: %d, want %d", value, ev.DeliveryAttempt, want)
		}
	}
}
