package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

// called stores a run of rule-one whose one call over a connection took a second
// and failed for a cause; "" is a call that succeeded.
func (r *rig) called(id, connection string, cause event.Cause, reason string) *event.Run {
	r.t.Helper()
	r.accept(event.TypeScheduled, id, event.StatusPending)
	claimed, err := r.store.Claim(r.t.Context(), "me", time.Now().Add(2*time.Hour), time.Now().Add(3*time.Hour), 1)
	if err != nil || len(claimed) != 1 {
		r.t.Fatalf("%d runs claimed, %v", len(claimed), err)
	}
	run, now := claimed[0], time.Now()
	a := event.Attempt{RunID: run.ID, Action: 1, ActionID: "tell", Kind: "http", Connection: connection, Try: 1, Started: now.Add(-time.Second), Ended: now, Outcome: event.OutcomeSucceeded}
	run.Status, run.Finished, run.Updated = event.StatusSucceeded, now, now
	if cause != "" {
		a.Outcome, a.Cause, a.Reason = event.OutcomeFailed, cause, reason
		run.Status, run.Reason = event.StatusFailed, reason
	}
	if err := r.store.Record(r.t.Context(), event.Progress{Run: run, Owner: "me", Attempts: []event.Attempt{a}}); err != nil {
		r.t.Fatal(err)
	}
	return run
}

// shows checks that a page has all of some texts.
func (r *rig) shows(path string, want ...string) string {
	r.t.Helper()
	a := r.page(path)
	if a.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: %d %s", path, a.StatusCode, a.Body)
	}
	for _, w := range want {
		if !strings.Contains(a.Body, w) {
			r.t.Errorf("%s does not show %q:\n%s", path, w, a.Body)
		}
	}
	return a.Body
}

func TestConnectionsPage(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	r.rules.quiet = true
	r.shows("/connections", ">Not called yet<", `href="/connections/crm"`)
	r.shows("/connections/crm", "No call over this connection in the last 32 days", `href="/rules/rule-one"`)
	r.called("ev-1", "crm", "", "")
	r.shows("/connections", ">Working<", ">Not called yet<")
	run := r.called("ev-2", "crm", event.CauseServer, `503 <script>alert("x")</script>`)
	body := r.shows("/connections/crm", "server error (5xx)", "503 &lt;script&gt;", "/runs/"+url.PathEscape(run.ID), ">Working<")
	if strings.Contains(body, "<script>alert") {
		t.Error("the text of a destination is not escaped")
	}
	r.shows("/connections", "Failed calls by hour", "Failed calls by hour, 7 days", "Hours of 7 days as a table", "Failed calls by day, 30 days", "Days as a table", "1 failed")
	if a := r.page("/connections/nothing"); a.StatusCode != http.StatusNotFound || !strings.Contains(a.Body, "All connections") {
		t.Errorf("a connection that does not exist: %d %s", a.StatusCode, a.Body)
	}
	found := decoded[api.ConnectionDetail](t, r.do("GET", "/api/v1/connections/crm", ""))
	if found.State != api.ConnectionWorking || found.Day.Calls != 2 || found.Day.Failed != 1 || found.Day.P50 < 700 || found.Day.P50 > 1024 || found.LastError == nil || found.LastError.Run != run.ID || found.Rules[0] != "rule-one" {
		t.Errorf("the API says %+v", found)
	}
}

func TestConnectionThatFails(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	r.rules.quiet = true
	r.called("ev-1", "crm", event.CauseTimeout, "timed out")
	r.shows("/connections", ">Failing<", "since about")
	r.shows("/connections/crm", "Every call has failed since", "Most recently: timed out")
	r.called("ev-2", "crm", "", "")
	r.shows("/connections", ">Working<")
}

func TestRulePage(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	r.shows("/rules/rule-one", "This rule has never fired", "On “Meeting booked”, if its condition is true: Line in the log, then http.", "3  - name: rule-one")
	r.shows("/rules", "never fired (1)", "<strong>never</strong>")
	r.accept(event.TypeScheduled, "ev-1", event.StatusFailed, event.StatusWaiting, event.StatusSkipped)
	body := r.shows("/rules/rule-one", "1 run is failed now", ">Skipped in 24&nbsp;h<", "3 times in 30 days", "at most 3 a day", `href="/connections/crm"`)
	if strings.Contains(body, "never fired") {
		t.Error("a rule that fired has never fired")
	}
	if body := r.shows("/rules?show=never", "No matching rules", "never fired (0)"); strings.Contains(body, `id="rule-one"`) {
		t.Error("a rule that fired is among those that never did")
	}
	r.shows("/rules?show=failing", `id="rule-one"`)
	r.shows("/rules?text=CRM", `id="rule-one"`)
	r.shows("/rules?text=nothing", "No matching rules")
	if a := r.page("/rules/nothing"); a.StatusCode != http.StatusNotFound || !strings.Contains(a.Body, "All rules") {
		t.Errorf("a rule that does not exist: %d %s", a.StatusCode, a.Body)
	}
	found := decoded[api.RuleDetail](t, r.do("GET", "/api/v1/rules/rule-one", ""))
	if found.FailedNow != 1 || found.Held[event.StatusWaiting] != 1 || found.Month.Matched != 3 || found.Day.Matched != 3 || len(found.Open) != 1 || found.LastFired.IsZero() {
		t.Errorf("the API says %+v", found)
	}
}

// TestGathered: what a digest gathers is no trouble, and reads like none.
func TestGathered(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	hostile := `"><script>alert(1)</script>`
	rule := api.Rule{
		Name: "rule-one", Events: []string{event.TypeCanceled}, Mode: "live", Matches: func(string) bool { return true },
		Gathers: []api.Gather{{Kind: event.WindowDigest, Text: "gathers events for 1h into one run", Per: "meeting.meetingOwner.userId"}},
		Actions: []api.Action{{ID: "slack", Kind: "slack", Connection: "slack", Aim: "#sales"}, {ID: "tell", Kind: "http", Connection: "crm", Aim: "POST crm.example/" + hostile}},
	}
	r.rules.several = []api.Rule{rule}
	r.accept(event.TypeCanceled, "ev-1", event.StatusSkipped, event.StatusSkipped)
	for _, path := range []string{"/rules", "/rules/rule-one"} {
		body := r.shows(path, "Slack #sales", "gathers events for 1h into one run", "POST crm.example/&#34;&gt;&lt;script&gt;")
		if strings.Contains(body, "2 skipped") || strings.Contains(body, "Skipped in 24&nbsp;h") || strings.Contains(body, "<script>alert") {
			t.Errorf("%s:\n%s", path, body)
		}
	}
	r.shows("/rules", "2 gathered")
	r.rules.several[0].Gathers[0] = api.Gather{Kind: event.WindowThrottle, Text: "starts at most once in 1h"}
	r.shows("/rules", "2 throttled")
}

// TestManyRules come in pages.
func TestManyRules(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	for i := range 120 {
		r.rules.several = append(r.rules.several, api.Rule{Name: fmt.Sprintf("rule-%03d", i), Events: []string{"*"}, Matches: func(string) bool { return true }})
	}
	if body := r.shows("/rules", "Page 1 of 3", "rule-049", "never fired (120)"); strings.Contains(body, `id="rule-050"`) || strings.Contains(body, "Previous") {
		t.Error("the first page has rules of the second")
	}
	r.shows("/rules?page=3&show=never", "Page 3 of 3", `id="rule-119"`, "show=never")
	r.shows("/rules?page=99", "Page 3 of 3")
	r.shows("/rules?page=-1", "Page 1 of 3")
}
