package desk

import "testing"

func TestMentions(t *testing.T) {
	t.Parallel()
	check := func(body string, want bool) {
		t.Helper()
		if got := mentions([]byte(body), "jane@buyer.example"); got != want {
			t.Errorf("%s: %v, want %v", body, got, want)
		}
	}
	check(`{"a":{"b":["x","jane@buyer.example"]}}`, true)
	check(`{"a":"Jane <JANE@Buyer.Example>; bob@buyer.example"}`, true)
	check(`{"a":"write to jane@buyer.example."}`, true)
	check(`{"a":"j\u0061ne\u0040buyer.example"}`, true)
	check(`{"jane@buyer.example":1}`, true)
	check(`{"a":"mary-jane@buyer.example"}`, false)
	check(`{"a":"jane@buyer.example.org"}`, false)
	check(`{"a":"jane@buyer.examples"}`, false)
	check(`{"a":"mary.jane@buyer.example, jane@buyer.example"}`, true)
	check(`{"a":"jane"}`, false)
	check(`not json`, false)
}
