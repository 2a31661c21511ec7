package browser

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
)

// get asks the API and decodes the answer.
func get[T any](t *testing.T, s *scene, path string) T {
	t.Helper()
	res, err := s.Client.Get(s.Console + "/api/v1" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %d", path, res.StatusCode)
	}
	var v T
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	return v
}

// runBody is what the tests look at in a run.
type runBody struct{ ID, Rule, Status string }

// Runs lists the runs that a query selects.
func (s *scene) Runs(t *testing.T, query url.Values) []runBody {
	t.Helper()
	return get[struct{ Items []runBody }](t, s, "/runs?"+query.Encode()).Items
}

// Status counts the runs of a state.
func (s *scene) Status(t *testing.T, status string) int {
	t.Helper()
	return len(s.Runs(t, url.Values{"status": {status}}))
}

// Run returns the one run of a rule in a state.
func (s *scene) Run(t *testing.T, rule, status string) runBody {
	t.Helper()
	runs := s.Runs(t, url.Values{"rule": {rule}, "status": {status}})
	if len(runs) == 0 {
		t.Fatalf("there is no %s run of %s", status, rule)
	}
	return runs[0]
}
