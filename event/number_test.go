package event_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
)

// TestNumberOf: a number is written again as it came, or is the same one.
func TestNumberOf(t *testing.T) {
	t.Parallel()
	for literal, want := range map[string]any{
		"0":                    0,
		"-7":                   -7,
		"9223372036854775807":  9223372036854775807,
		"-9223372036854775808": -9223372036854775808,
		"1.5":                  1.5,
		"-0.25":                -0.25,
		"0.000001":             0.000001,
		"1e6":                  1_000_000,
		"1E6":                  1_000_000,
		"1.5e3":                1500,
		"-2e2":                 -200,
		"123456789012345e0":    123456789012345,
	} {
		got := event.NumberOf(literal)
		if exact, ok := got.(event.Number); ok {
			got = exact.String()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", literal, diff)
		}
	}
}

// TestNumberKeepsItsText: what neither int nor float64 holds, or what they
// write otherwise, stays the text it came as.
func TestNumberKeepsItsText(t *testing.T) {
	t.Parallel()
	for _, literal := range []string{
		"9223372036854775808", "-9223372036854775809", "12345678901234567890123",
		"1.50", "1.0", "0.30000000000000000001", "0.0000001", "1e-7", "1000000000000000000000", "1e16", "1e20", "1e21", "1e400",
		"1.5e0", "9007199254740992e0", "9007199254740993e0", "1234567890123456e0", "-0.0",
	} {
		v, err := event.ReadJSON([]byte(`{"n": ` + literal + `}`))
		if err != nil {
			t.Fatal(err)
		}
		n, ok := v.(map[string]any)["n"].(event.Number)
		if !ok || n.String() != literal {
			t.Errorf("%s is %#v", literal, v)
			continue
		}
		if out, err := json.Marshal(v); err != nil || string(out) != `{"n":`+literal+`}` {
			t.Errorf("%s is written as %s, %v", literal, out, err)
		}
	}
	if out, err := json.Marshal(event.Number{}); err != nil || string(out) != "0" {
		t.Errorf("the zero Number is written as %s, %v", out, err)
	}
}

func TestReadJSON(t *testing.T) {
	t.Parallel()
	got, err := event.ReadJSON([]byte(`{"a": [1, 2.5, "x", null, true, [3], {"b": 4}], "c": {"d": 5}, "e": 6} `))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"a": []any{1, 2.5, "x", nil, true, []any{3}, map[string]any{"b": 4}}, "c": map[string]any{"d": 5}, "e": 6}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for body, want := range map[string]string{
		`{"a": `:  "read JSON: unexpected EOF",
		`{} {}`:   "read JSON: unexpected data after the value",
		`1,`:      "read JSON: unexpected data after the value",
		"":        "read JSON: EOF",
		`{"a":x}`: "read JSON: invalid character",
	} {
		if v, err := event.ReadJSON([]byte(body)); v != nil || err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, %v; want %q", body, v, err, want)
		}
	}
}

// TestUnmarshalExact: numbers are exact wherever a type has room for any value,
// and nowhere else is anything touched.
func TestUnmarshalExact(t *testing.T) {
	t.Parallel()
	type inner struct {
		Any any `json:"any"`
	}
	type outer struct {
		Inner  inner           `json:"inner"`
		To     *inner          `json:"to"`
		None   *inner          `json:"none"`
		Absent any             `json:"absent"`
		List   []any           `json:"list"`
		Things []inner         `json:"things"`
		Map    map[string]any  `json:"map"`
		Counts map[string]int  `json:"counts"`
		Bytes  []byte          `json:"bytes"`
		Texts  []string        `json:"texts"`
		Raw    json.RawMessage `json:"raw"`
		Typed  int             `json:"typed"`
		hidden any             // an unexported field is left alone
	}
	got := outer{hidden: json.Number("1")}
	err := event.UnmarshalExact([]byte(`{"inner": {"any": 1}, "to": {"any": {"n": 2}}, "list": [3, "x"], "things": [{"any": [4]}],
		"map": {"n": 5}, "counts": {"n": 6}, "bytes": "Nw==", "texts": ["8"], "raw": 9, "typed": 10}`), &got)
	if err != nil {
		t.Fatal(err)
	}
	want := outer{
		Inner: inner{1}, To: &inner{map[string]any{"n": 2}}, List: []any{3, "x"}, Things: []inner{{[]any{4}}},
		Map: map[string]any{"n": 5}, Counts: map[string]int{"n": 6}, Bytes: []byte("7"), Texts: []string{"8"}, Raw: json.RawMessage("9"), Typed: 10,
		hidden: json.Number("1"),
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(outer{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
