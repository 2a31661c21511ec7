package spelling

import "testing"

func TestHint(t *testing.T) {
	t.Parallel()
	check := func(name, want string) {
		t.Helper()
		if got := Hint(name, []string{"eventId", "eventType", "data"}); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
	check("eventid", `; did you mean "eventId"?`)
	check("evntType", `; did you mean "eventType"?`)
	check("colour", "; it has eventId, eventType, data")
}
