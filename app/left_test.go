package app_test

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
)

// TestReloadSaysWhatStillWaits: the waiting runs of a rule that is taken away go
// on, and the answer says so.
func TestReloadSaysWhatStillWaits(t *testing.T) {
	t.Parallel()
	r := startAPI(t)
	r.post(event.TypeScheduled, "e-1")
	r.settled()
	without := strings.Replace(apiRules, "- name: later", "- name: later\n    enabled: false", 1)
	if err := os.WriteFile(r.rules, []byte(without), 0o600); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.app.ConsoleAddr()+"/-/reload", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+apiToken)
	a, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	const want = "1 run of later still waits and goes on by the rules it began with; to stop that: gavel runs cancel --rule later --status waiting"
	if a.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
		t.Errorf("%d %s", a.StatusCode, body)
	}
}
