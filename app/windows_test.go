package app_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
)

// page returns the text of a page of the console.
func (r *apiRig) page(path string) string {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://"+r.app.ConsoleAddr()+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+apiToken)
	a, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: %v %d %s", path, err, a.StatusCode, body)
	}
	return strings.Join(strings.Fields(regexp.MustCompile("<[^>]*>").ReplaceAllString(string(body), " ")), " ")
}

const windowRules = `
rules:
  - name: spike
    event: scheduling.*
    threshold: { count: 5, within: 1h, per: meeting.meetingOwner.username }
    throttle: { once: 4h }
    actions: [ log: { message: "${{ window.count }}" } ]
  - name: seldom
    event: scheduling.*
    throttle: { once: 4h }
    actions: [ log: { message: once } ]
  - name: bundle
    event: scheduling.*
    digest: { every: 3h }
    actions: [ log: { message: "${{ window.count }}" } ]
`

// TestRulePageSaysWhereItsWindowsStand, of the newest keys.
func TestRulePageSaysWhereItsWindowsStand(t *testing.T) {
	t.Parallel()
	r := startAPI(t)
	if err := os.WriteFile(r.rules, []byte(windowRules), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.app.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.page("/rules/bundle"); !strings.Contains(got, "empty: the next event begins to gather for 3h") {
		t.Errorf("without an event the page says\n%s", got)
	}
	for i, owner := range []string{"a", "b", "a", "c", "a", "d", "e", "f"} {
		r.post(event.TypeScheduled, fmt.Sprint("e-", i), "meeting.id", fmt.Sprint("m-", i), "meeting.meetingOwner.username", owner+"@acme.example")
	}
	r.settled()
	for rule, want := range map[string][]string{
		"spike":  {`&#34;f@acme.example&#34; threshold 1 of 5 events within the last 1h the oldest counts until`, `&#34;a@acme.example&#34; threshold 3 of 5 events`, "free: nothing is held back"},
		"seldom": {"held back until", "7 events held back since it ran"},
		"bundle": {"8 events gathered", "by its run"},
	} {
		got := r.page("/rules/" + rule)
		for _, text := range want {
			if !strings.Contains(got, text) {
				t.Errorf("%s does not say %q:\n%s", rule, text, got)
			}
		}
		if strings.Contains(got, "b@acme.example") {
			t.Errorf("%s names more than the newest keys", rule)
		}
	}
}
