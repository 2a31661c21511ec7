package console_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
)

func TestIssues(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	if a := r.page("/issues"); !strings.Contains(a.Body, "Nothing is failed now") {
		t.Errorf("without failures: %s", a.Body)
	}
	runs := append(r.accept(event.TypeScheduled, "ev-1", event.StatusFailed), r.accept(event.TypeScheduled, "ev-2", event.StatusFailed)...)
	a := r.page("/issues")
	for _, want := range []string{
		"expression could not be evaluated", "2 failed now", `aria-label="2 failures in the last 14 days"`, "Retry all 2",
		`Issues <span class="count">1<span class="unseen"> open</span></span>`,
	} {
		if !strings.Contains(a.Body, want) {
			t.Errorf("the list lacks %q: %s", want, a.Body)
		}
	}
	id := regexp.MustCompile(`/issues/([0-9a-f]{12})`).FindStringSubmatch(a.Body)[1]
	if a := r.page("/"); !strings.Contains(a.Body, "2 runs are failed now, in 1 open issue.") || !strings.Contains(a.Body, "/issues/"+id) {
		t.Errorf("the overview: %s", a.Body)
	}

	// Retrying many asks first: how many, and to whom.
	if a := r.page("/issues/" + id + "/retry"); !strings.Contains(a.Body, "Retry 2 runs?") || !strings.Contains(a.Body, "Sample Invitee") {
		t.Errorf("before a retry: %s", a.Body)
	}
	if a := r.do("POST", "/issues/"+id+"/retry", ""); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("retry: %d %s", a.StatusCode, a.Body)
	}
	if a := r.page("/issues"); !strings.Contains(a.Body, "Nothing is failed now") || strings.Contains(a.Body, `class="count"`) {
		t.Errorf("while they are retried: %s", a.Body)
	}
	if a := r.page("/runs/" + runs[0].ID); !strings.Contains(a.Body, "Pending") {
		t.Errorf("the run: %s", a.Body)
	}
	if a := r.page("/issues/" + id); !strings.Contains(a.Body, "Resolved") || !strings.Contains(a.Body, "all were retried") {
		t.Errorf("the issue: %s %s", a.Body, r.log)
	}
	if a := r.page("/issues/" + id + "/retry"); a.StatusCode != http.StatusConflict || !strings.Contains(a.Body, "None of its runs is failed now") {
		t.Errorf("a retry of nothing: %d %s", a.StatusCode, a.Body)
	}
}

func TestIssueIsResolvedAndComesBack(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	r.accept(event.TypeScheduled, "ev-1", event.StatusFailed)
	id := regexp.MustCompile(`/issues/([0-9a-f]{12})`).FindStringSubmatch(r.page("/issues").Body)[1]
	const form = "application/x-www-form-urlencoded"
	r.accept(event.TypeScheduled, "ev-2", event.StatusFailed) // after the page was read
	press := func(verb, body string) answer {
		t.Helper()
		return r.do("POST", "/issues/"+id+"/"+verb, body, "Content-Type", form)
	}
	if a := press("resolve", "total=1"); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("resolve: %d %s", a.StatusCode, a.Body)
	}
	if a := r.page("/issues"); !strings.Contains(a.Body, "1 failed now") || !strings.Contains(a.Body, "back since") {
		t.Errorf("what failed meanwhile is swallowed: %s", a.Body)
	}
	press("resolve", "total=2")
	if a := r.page("/issues?state=resolved"); !strings.Contains(a.Body, "Resolved") {
		t.Errorf("resolved: %s", a.Body)
	}
	if a := press("resolve", "total=2"); a.StatusCode != http.StatusConflict {
		t.Errorf("again: %d", a.StatusCode)
	}
	if a := press("resolve", "total=x"); a.StatusCode != http.StatusBadRequest {
		t.Errorf("a form of somebody else: %d", a.StatusCode)
	}
	run := r.accept(event.TypeScheduled, "ev-3", event.StatusFailed)[0]
	if a := r.page("/issues/" + id); !strings.Contains(a.Body, "back since") || !strings.Contains(a.Body, run.ID) || strings.Contains(a.Body, "ev-1-a") {
		t.Errorf("it is back: %s", a.Body)
	}
	press("mute", "for=8h")
	if a := r.page("/"); !strings.Contains(a.Body, "Nothing is failed now") || strings.Contains(a.Body, `class="count"`) {
		t.Errorf("a muted one is trouble: %s", a.Body)
	}
	if a := r.page("/issues"); !strings.Contains(a.Body, "Muted") || !strings.Contains(a.Body, "Unmute") {
		t.Errorf("muted: %s", a.Body)
	}
	if a := press("mute", "for=-8h"); a.StatusCode != http.StatusBadRequest {
		t.Errorf("a mute into the past: %d", a.StatusCode)
	}
	press("unmute", "")
	if a := r.page("/runs/" + run.ID); !strings.Contains(a.Body, "/acknowledge") || !strings.Contains(a.Body, "/issues/"+id) {
		t.Errorf("the run: %s", a.Body)
	}
	if a := r.do("POST", "/runs/"+run.ID+"/acknowledge", ""); a.StatusCode != http.StatusSeeOther {
		t.Errorf("acknowledge: %d", a.StatusCode)
	}
	if a := r.page("/runs/" + run.ID); strings.Contains(a.Body, "/acknowledge") || !strings.Contains(a.Body, "Acknowledged") {
		t.Errorf("the acknowledged run: %s", a.Body)
	}
	if a := r.page("/issues"); !strings.Contains(a.Body, "Nothing is failed now") {
		t.Errorf("at the end: %s", a.Body)
	}
	if a := r.page("/issues/ffffffffffff"); a.StatusCode != http.StatusNotFound {
		t.Errorf("an unknown issue: %d", a.StatusCode)
	}
}
