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

func TestNearest(t *testing.T) {
	t.Parallel()
	check := func(name, want string, known ...string) {
		t.Helper()
		if got, ok := Nearest(name, known); got != want || ok != (want != "") {
			t.Errorf("%q among %q: %q, %v, want %q", name, known, got, ok, want)
		}
	}
	check("wehn", "when", "then", "when") // two letters changed places
	check("ax", "aa", "ab", "aa")         // the order of the list decides nothing
	check("TIMEOUT", "timeout", "timeout")
	check("ab", "", "xy", "")
	check("a", "b", "b")                // one letter may differ in any name
	check("abcdef", "abcdxy", "abcdxy") // two of six
	check("abcdef", "", "abcxyz")       // three of six
	check("abcde", "", "abcxy")         // two of five
	check("abcde", "abced", "abced")    // two of five that changed places
	check("abc", "cba", "xyz", "cba")
	check("éa", "aé", "aé")
	check("same", "same", "sane", "same", "emas")
	check("", "")
}
