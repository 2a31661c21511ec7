package decode

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
)

func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

func TestDepth(t *testing.T) {
	t.Parallel()
	check := func(raw string, want int) {
		t.Helper()
		if got := Depth([]byte(raw)); got != want {
			t.Errorf("depth of %.40s: %d, want %d", raw, got, want)
		}
	}
	check(`1`, 0)
	check(`{}`, 1)
	check(`{"a":[1,{"b":2}],"c":[]}`, 3)
	check(`["[[[", "\"[[", "\\", [1]]`, 2)
	check(nested(20_000), 20_000)
	check(`["`, 1)
}

func TestShallow(t *testing.T) {
	t.Parallel()
	check := func(raw string, limit int, want string) {
		t.Helper()
		got, cut := Shallow([]byte(raw), limit)
		if string(got) != want || cut != (raw != want) {
			t.Errorf("%.60s: %.80s, %v; want %s", raw, got, cut, want)
		}
	}
	gone := `"` + TooDeep + `"`
	check(`{"a":[1,{"b":2}],"c":[]}`, 3, `{"a":[1,{"b":2}],"c":[]}`)
	check(`{"a":[1,{"b":{"x":[]}}, {}],"c":[]}`, 2, `{"a":[1,`+gone+`, `+gone+`],"c":[]}`)
	check(nested(20_000), 2, `[[`+gone+`]]`)
	check(`[[["]"],"[["]]`, 2, `[[`+gone+`,"[["]]`)
	check(`[[[`, 2, `[[`+gone) // no JSON before, and none afterwards
}

// TestDeepEvent: what is nested too deep for others to read costs the event that
// part and not the whole.
func TestDeepEvent(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{event.TypeScheduled, "vendor.new"} {
		body := `{"eventId":"e1","eventType":"` + kind + `","eventTimestamp":"2026-05-04T09:00:00Z","data":{"id":"m1","deep":` + nested(20_000) + `}}`
		ev, err := Event([]byte(body))
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if ev.ID != "e1" || Depth(ev.Body) > MaxDepth || !json.Valid(ev.Body) || !strings.Contains(string(ev.Body), TooDeep) {
			t.Errorf("%s: event %q with a body %d deep: %.200s", kind, ev.ID, Depth(ev.Body), ev.Body)
		}
	}
	if _, err := Event([]byte(nested(20_000))); !errors.Is(err, event.ErrInvalid) {
		t.Errorf("a list: %v", err)
	}
}
