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
	// The pages say so, too, and lead to what can be done about it.
	const says = "1 run of later still waits and goes on by the rules it began with: the rule is "
	for _, path := range []string{"/rules", "/rules/later"} {
		if got := r.page(path); !strings.Contains(got, says+"disabled. See them Cancel… Move…") {
			t.Errorf("%s says\n%s", path, got)
		}
	}
	if got := r.page("/rules/later/move"); !strings.Contains(got, "No run can be moved") || !strings.Contains(got, "the new rule is turned off") {
		t.Errorf("to move it is answered\n%s", got)
	}
	at := strings.Index(apiRules, "  - name: later")
	gone := apiRules[:at] + apiRules[strings.Index(apiRules, "  - name: broken"):]
	for name, rules := range map[string]string{"in shadow mode": strings.Replace(apiRules, "- name: later", "- name: later\n    mode: shadow", 1), "no longer in the file": gone} {
		if err := os.WriteFile(r.rules, []byte(rules), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := r.app.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/rules", "/rules/later"} {
			if got := r.page(path); !strings.Contains(got, says+name) {
				t.Errorf("%s says\n%s", path, got)
			}
		}
	}
	if err := os.WriteFile(r.rules, []byte(apiRules), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.app.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.page("/rules"); strings.Contains(got, "still waits") {
		t.Errorf("a rule that sends is named:\n%s", got)
	}
}
