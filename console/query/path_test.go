package query_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/gavel-rules/gavel/console/query"
)

// TestPaths: whatever an id holds, the address made of it leads to that id.
func TestPaths(t *testing.T) {
	t.Parallel()
	got := ""
	note := func(_ http.ResponseWriter, r *http.Request) { got = query.PathValue(r, "id") }
	router := chi.NewRouter()
	for _, place := range []string{"/events/{id}", "/runs/{id}", "/meetings/{id}"} {
		router.Get(place, note)
	}
	for _, id := range []string{"e1", "org/e1", "a b", "100%", "%41", "a+b?c#d", "é", `"><script>`, "a%2Fb"} {
		for _, path := range []string{query.EventPath(id), query.RunPath(id), query.MeetingPath(id)} {
			got = ""
			router.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
			if got != id {
				t.Errorf("%s leads to %q, want %q", path, got, id)
			}
		}
	}
	router.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/events/a%7Eb", nil))
	if got != "a~b" {
		t.Errorf("a needless escape leads to %q", got)
	}
}
