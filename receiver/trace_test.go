package receiver

import (
	"net/http/httptest"
	"testing"
)

// TestSenderOf takes from a sender's headers two ids and nothing else.
func TestSenderOf(t *testing.T) {
	t.Parallel()
	const theirs = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	check := func(parent string, valid bool) {
		t.Helper()
		req := httptest.NewRequestWithContext(t.Context(), "POST", "/", nil)
		req.Header.Set("Traceparent", parent)
		req.Header.Set("Tracestate", "vendor=words-of-a-stranger")
		if got := senderOf(req); got.IsValid() != valid || got.TraceState().Len() != 0 {
			t.Errorf("%q: valid %v, tracestate %q", parent, got.IsValid(), got.TraceState())
		}
	}
	check(theirs, true)
	check("", false)
	check("ff"+theirs[2:], false)
	check("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false)
	check(theirs+"\r\nX-Evil: 1", false)
}
