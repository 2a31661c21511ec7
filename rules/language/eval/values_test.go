package eval_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language/eval"
)

type place struct {
	Name string `json:"name"`
	Any  any    `json:"any,omitempty"`
}

func (p place) String() string { return "at " + p.Name }

type unwritable struct{ F func() }

// TestDisplay: a value of any type appears in a text as people write it.
func TestDisplay(t *testing.T) {
	t.Parallel()
	berlin := time.FixedZone("", 3600)
	for want, values := range map[string][]any{
		"":                          {nil, "", time.Time{}, []any(nil)[0:0:0], (*event.Meeting)(nil), map[string]any(nil), map[int]int(nil)},
		"abc":                       {"abc", eval.RawText{Text: "abc"}},
		"true":                      {true},
		"false":                     {false},
		"-7":                        {-7, float64(-7), event.NumberOf("-7"), int64(-7)},
		"2.5":                       {2.5},
		"0.1":                       {0.1},
		"999999999999999868928":     {math.Nextafter(1e21, 0)},
		"1000000000000000000000":    {1e21},
		"0.0000001":                 {1e-7},
		"not a number":              {math.Inf(1), math.Inf(-1), math.NaN()},
		"2026-03-02T12:00:00Z":      {clock, clock.In(berlin)},
		"2026-03-02T12:00:00.5Z":    {clock.Add(time.Second / 2)},
		"1h30m":                     {90 * time.Minute},
		"at home":                   {place{Name: "home"}},
		"[1,\"a\",null]":            {[]any{1, "a", nil}},
		"[\"a\",\"b\"]":             {[]string{"a", "b"}, [2]string{"a", "b"}},
		"{\"a\":\"<&>\"}":           {map[string]any{"a": "<&>"}, map[string]string{"a": "<&>"}},
		"{\"1\":[true]}":            {map[any]any{1: []bool{true}}},
		"\"YWI=\"":                  {[]byte("ab")},
		"an object":                 {unwritable{}, &unwritable{}},
		"[{\"name\":\"x\"}]":        {[]place{{Name: "x"}}},
		"a list":                    {[]any{func() {}}, []any{math.NaN()}},
		"{\"a\":null,\"b\":\"1s\"}": {map[string]any{"a": time.Time{}, "b": time.Second}},
	} {
		for _, v := range values {
			if v == nil || want != "" {
				if got := eval.Display(v); got != want {
					t.Errorf("%#v shows as %q, want %q", v, got, want)
				}
			}
		}
	}
	for _, v := range []any{"", time.Time{}, (*event.Meeting)(nil), map[int]int(nil)} {
		if got := eval.Display(v); got != "" {
			t.Errorf("%#v shows as %q", v, got)
		}
	}
}

// TestPlainValues: what goes into JSON has no types of Go left, keeps its
// numbers, and has null for what is absent.
func TestPlainValues(t *testing.T) {
	t.Parallel()
	meeting := &event.Meeting{ID: "m"}
	for _, c := range []struct {
		v    any
		want string
	}{
		{nil, "null"}, {"a", `"a"`}, {true, "true"}, {7, "7"}, {int64(7), "7"}, {2.5, "2.5"}, {0.0, "0"},
		{1e-6, "0.000001"}, {1e-7, "0.0000001"}, {1e20, "100000000000000000000"}, {1e21, "1000000000000000000000"}, {-1e21, "-1000000000000000000000"},
		{eval.RawText{Text: "<b>"}, `"<b>"`}, {event.NumberOf("1.50"), "1.50"},
		{time.Time{}, "null"}, {clock, `"2026-03-02T12:00:00Z"`}, {time.Hour, `"1h"`},
		{[]any{1, time.Hour}, `[1,"1h"]`}, {[]string{}, "[]"}, {map[string]any{"t": time.Time{}}, `{"t":null}`},
		{map[bool]int{true: 1}, `{"true":1}`}, {map[int]int(nil), "null"},
		{place{Name: "x", Any: []any{"0001-01-01T00:00:00Z", map[string]any{"a": "0001-01-01T00:00:00Z"}}}, `{"any":[null,{"a":null}],"name":"x"}`},
	} {
		plain, err := eval.PlainValue(c.v)
		if err != nil {
			t.Errorf("%#v: %v", c.v, err)
			continue
		}
		if got, err := eval.JsonText(plain); err != nil || got != c.want {
			t.Errorf("%#v is %s, want %s: %v", c.v, got, c.want, err)
		}
	}
	plain, err := eval.PlainValue(meeting)
	fields, ok := plain.(map[string]any)
	if err != nil || !ok || fields["id"] != "m" || fields["meetingStart"] != nil {
		t.Errorf("a meeting is %v: %v", plain, err)
	}
	for attempts, want := range map[int]any{0: nil, 3: event.NumberOf("3")} {
		plain, err := eval.PlainValue(&event.Envelope{DeliveryAttempt: attempts})
		if fields, _ := plain.(map[string]any); err != nil || !eval.Equal(fields["deliveryAttempt"], want) {
			t.Errorf("%d attempts are %v: %v", attempts, fields["deliveryAttempt"], err)
		}
	}
	const notNumber, notJSON = "the result is not a number, as after a division by zero", "the value cannot be written as JSON"
	for _, c := range []struct {
		v    any
		want string
	}{
		{math.NaN(), notNumber}, {math.Inf(1), notNumber}, {[]any{math.Inf(-1)}, notNumber}, {map[string]any{"a": math.NaN()}, notNumber},
		{map[int]any{1: math.NaN()}, notNumber}, {[]float64{math.NaN()}, notNumber}, {func() {}, notJSON}, {unwritable{}, notJSON},
	} {
		if v, err := eval.PlainValue(c.v); err == nil || err.Error() != c.want {
			t.Errorf("%T is %v: %v", c.v, v, err)
		}
	}
	if text, err := eval.JsonText(func() {}); err == nil || text != "" || !strings.HasPrefix(err.Error(), "write as JSON: ") {
		t.Errorf("a function is %q: %v", text, err)
	}
}

// TestEqual: numbers are equal by what they are worth, whatever their type.
func TestEqual(t *testing.T) {
	t.Parallel()
	sevens := []any{7, int8(7), int16(7), int32(7), int64(7), uint(7), uint8(7), uint16(7), uint32(7), uint64(7), float32(7), 7.0, event.NumberOf("7"), event.NumberOf("7.00")}
	for _, a := range sevens {
		for _, b := range sevens {
			if !eval.Equal(a, b) {
				t.Errorf("%T and %T differ", a, b)
			}
		}
		for _, b := range []any{8, 7.5, "7", true, nil, []any{7}, map[string]any{"7": 7}, event.NumberOf("7.01"), uint64(math.MaxUint64), clock} {
			if eval.Equal(a, b) || eval.Equal(b, a) {
				t.Errorf("%T and %#v are equal", a, b)
			}
		}
	}
	for _, c := range []struct {
		a, b any
		want bool
	}{
		{nil, nil, true}, {nil, time.Time{}, true}, {nil, "", false}, {nil, 0, false}, {"a", "a", true}, {"a", "b", false}, {"a", []any{"a"}, false},
		{true, true, true}, {true, false, false}, {true, "true", false}, {clock, clock.In(time.FixedZone("", 60)), true}, {clock, clock.Add(1), false}, {clock, "x", false},
		{[]any{1, "a"}, []any{1.0, "a"}, true}, {[]any{1}, []any{1, 2}, false}, {[]any{1}, []any{2}, false}, {[]any{"a"}, []string{"a"}, true}, {[]string{"a"}, []string{"b"}, false},
		{map[string]any{"a": 1}, map[string]any{"a": 1.0}, true}, {map[string]any{"a": 1}, map[string]any{"b": 1}, false},
		{map[string]any{"a": 1}, map[string]any{"a": 1, "b": 1}, false}, {map[string]any{"a": nil}, map[string]any{"b": nil}, false},
		{math.NaN(), math.NaN(), false}, {event.NumberOf("1e999999999"), 7, false}, {time.Hour, time.Hour, true}, {time.Hour, time.Minute, false},
	} {
		if got := eval.Equal(c.a, c.b); got != c.want {
			t.Errorf("%#v and %#v: %t", c.a, c.b, got)
		}
		if got := eval.Equal(c.b, c.a); got != c.want {
			t.Errorf("%#v and %#v: %t", c.b, c.a, got)
		}
	}
}

func TestAbsence(t *testing.T) {
	t.Parallel()
	for _, v := range []any{nil, "", time.Time{}, []any{}, []string{}, map[string]any{}, (*event.Meeting)(nil), &event.Meeting{}, &event.Change{}, (*event.Change)(nil), event.Person{}} {
		if !eval.IsAbsent(v) {
			t.Errorf("%#v is there", v)
		}
	}
	text := ""
	for _, v := range []any{"a", 0, 0.0, false, time.Duration(0), event.NumberOf("0"), clock, []any{nil}, map[string]any{"a": nil}, &event.Meeting{ID: "m"},
		&event.Meeting{Start: clock}, &event.Meeting{IsCanceled: true}, &event.Change{Current: map[string]any{"a": 1}}, event.Person{Username: "x"}, &text, 'x'} {
		if eval.IsAbsent(v) {
			t.Errorf("%#v is absent", v)
		}
	}
}

func TestSmallThings(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]int{"00:00": 0, "09:05": 545, "23:59": 1439, "24:00": 1440} {
		if got, err := eval.MinuteOfDay(s); err != nil || got != want {
			t.Errorf("%s is minute %d: %v", s, got, err)
		}
	}
	for _, s := range []string{"", "24:01", "9", "25:00", "12:60", strings.Repeat("x", 30)} {
		if _, err := eval.MinuteOfDay(s); err == nil || !strings.HasSuffix(err.Error(), "is not a time of day such as 09:00") || len(err.Error()) > 70 {
			t.Errorf("%q: %v", s, err)
		}
	}
	for s, want := range map[string]bool{"0": true, "-12": true, strings.Repeat("9", 400): true, "": false, "-": false, "1.0": false, "+1": false, "1e3": false, strings.Repeat("9", 401): false} {
		if eval.IsWhole(s) != want {
			t.Errorf("%.10q is whole: %t", s, !want)
		}
	}
	for n, want := range map[int]int{-1: 0, 0: 0, 1: 2, 2: 3, 3: 6, 4: 6} {
		if got := eval.ByteOffset("äb日", n); got != want {
			t.Errorf("character %d begins at byte %d, want %d", n, got, want)
		}
	}
	for pattern, want := range map[string][2]int{"a": {3, 3}, "a{100}": {100, 110}, "a{1000}b{1000}c{1000}d{1000}e{1000}f{1000}": {5001, 20000}, "(?:a{1,10}){1,10}": {100, 300}} {
		if size, err := eval.PatternSize(pattern); err != nil || size < want[0] || size > want[1] {
			t.Errorf("%s has %d instructions: %v", pattern, size, err)
		}
	}
	if _, err := eval.PatternSize("("); err == nil {
		t.Error("( is a pattern")
	}
	var names []string
	for _, f := range eval.Functions() {
		names = append(names, f.Name)
	}
	want := "answer invitees domain changed now local format weekday validZone duration workday holiday nextWorkday between addWorkdays truncate title initials hash isFreeMail urlEncode soql xml humanDuration regexReplace default has json csv raw"
	if diff := cmp.Diff(want, strings.Join(names, " ")); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
}
