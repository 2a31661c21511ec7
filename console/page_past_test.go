package console_test

import (
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
	r.shows("/connections", "Failed calls by hour", "1 failed")
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
