package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// attempted is one case: what the target answers, what the action says about
// it, and what must come of that.
type attempted struct {
	name     string
	replies  []reply
	settings string // of the action, in YAML
	outcomes []string
	status   event.Status
	cause    event.Cause // of the first attempt
	reason   string      // in that of the first attempt
	pause    time.Duration
}

const quickly = "retry: { max: 3, initial: 20ms, longest: 50ms }"

func attemptedCases(date time.Time) []attempted {
	again := []string{"call failed", "call succeeded", "then succeeded"}
	cut := []string{"call unknown", "call succeeded", "then succeeded"}
	once := []string{"call failed"}
	retryAfter := func(value string) map[string]string { return map[string]string{"Retry-After": value} }
	return []attempted{
		{name: "503", replies: []reply{{status: 503}}, outcomes: again, cause: event.CauseServer, reason: "503"},
		{name: "500", replies: []reply{{status: 500}}, outcomes: again, cause: event.CauseServer, reason: "500"},
		{name: "408", replies: []reply{{status: 408}}, outcomes: again, cause: event.CauseTimeout, reason: "408"},
		{name: "cut", replies: []reply{{}}, outcomes: cut, cause: event.CauseNetwork, reason: "closed the connection before it answered"},
		{name: "no answer", replies: []reply{{hang: true}}, settings: "timeout: 1s", outcomes: cut, cause: event.CauseTimeout, reason: "did not answer in time"},
		{name: "429", replies: []reply{{status: 429}}, outcomes: again, cause: event.CauseRateLimited, reason: "429"},
		{name: "429 seconds", replies: []reply{{status: 429, header: retryAfter("2")}}, outcomes: again, cause: event.CauseRateLimited, pause: 2 * time.Second},
		{
			name: "429 date", replies: []reply{{status: 429, header: retryAfter(date.Format(http.TimeFormat))}},
			outcomes: again, cause: event.CauseRateLimited, pause: -1,
		},
		{name: "503 seconds", replies: []reply{{status: 503, header: retryAfter("1")}}, outcomes: again, cause: event.CauseServer, pause: time.Second},
		{name: "400", replies: []reply{{status: 400, body: "no such field"}}, outcomes: once, status: event.StatusFailed, cause: event.CauseClient, reason: ": no such field"},
		{name: "401", replies: []reply{{status: 401}}, outcomes: once, status: event.StatusFailed, cause: event.CauseAuth, reason: "401"},
		{name: "404", replies: []reply{{status: 404}}, outcomes: once, status: event.StatusFailed, cause: event.CauseClient, reason: "404"},
		{name: "422", replies: []reply{{status: 422}}, outcomes: once, status: event.StatusFailed, cause: event.CauseClient, reason: "422"},
		{name: "404 expected", replies: []reply{{status: 404}}, outcomes: []string{"call succeeded", "then succeeded"}},
		{
			name: "redirect", replies: []reply{{status: 302, header: map[string]string{"Location": "http://192.0.2.1/"}}},
			outcomes: once, status: event.StatusFailed, cause: event.CauseClient, reason: "302",
		},
		{
			name: "503 for ever", replies: []reply{{status: 503}, {status: 503}, {status: 503}},
			outcomes: []string{"call failed", "call failed", "call failed"}, status: event.StatusFailed, cause: event.CauseServer,
		},
		{name: "503 no retry", replies: []reply{{status: 503}}, settings: "retry: false", outcomes: once, status: event.StatusFailed, cause: event.CauseServer},
		{
			name: "404 continue", replies: []reply{{status: 404}}, settings: "on_error: continue",
			outcomes: []string{"call failed", "then succeeded"}, cause: event.CauseClient,
		},
		{name: "skipped", settings: `when: data.id == "nobody"`, outcomes: []string{"call skipped", "then succeeded"}},
	}
}

func (c attempted) id() string { return strings.ReplaceAll(c.name, " ", "-") }

// rule is the YAML of the case's connection and of its rule.
func (c attempted) yaml(url string) (connection, rule string) {
	settings, expect := c.settings, ""
	if !strings.Contains(settings, "retry:") {
		settings = strings.TrimSpace(quickly + "\n        " + settings)
	}
	if strings.HasSuffix(c.name, "expected") {
		expect = ", expect: [2xx, 404]"
	}
	connection = fmt.Sprintf("  c-%s: { kind: http, base_url: %q }\n", c.id(), url)
	rule = fmt.Sprintf(`  - name: r-%[1]s
    event: scheduling.smartscheduler.canceled
    when: event.eventId == %[1]q
    actions:
      - id: call
        http: { connection: c-%[1]s, method: POST, url: /call, json: { name: %[1]q }%[2]s }
        %[3]s
      - id: then
        http: { connection: c-%[1]s, method: POST, url: /then }
`, c.id(), expect, settings)
	return connection, rule
}

// TestRetries carries out one action per case and looks at its history.
func TestRetries(t *testing.T) {
	t.Parallel()
	date := time.Now().Add(5 * time.Second).Truncate(time.Second).UTC()
	cases := attemptedCases(date)
	connections, rules := "connections:\n", "rules:\n"
	targets := map[string]*target{}
	for _, c := range cases {
		targets[c.name] = newTarget(t, c.replies...)
		connection, rule := c.yaml(targets[c.name].URL)
		connections, rules = connections+connection, rules+rule
	}
	p := testkit.Start(t, testkit.Serve{Rules: connections + rules})
	for _, c := range cases {
		p.MustPost(canceled(t, c.id()))
	}
	for _, c := range cases {
		run := endedRun(t, p, c.id())
		want := c.status
		if want == "" {
			want = event.StatusSucceeded
		}
		if diff := cmp.Diff(c.outcomes, run.outcomes()); diff != "" || run.Status != want {
			t.Errorf("%s: run %s %s (-want +got):\n%s", c.name, run.Status, run.Reason, diff)
			continue
		}
		first := run.Attempts[0]
		if first.Cause != c.cause || !strings.Contains(first.Reason, c.reason) {
			t.Errorf("%s: the first attempt: %s %q, want %s with %q", c.name, first.Cause, first.Reason, c.cause, c.reason)
		}
		earliest := first.Ended.Add(c.pause)
		if c.pause < 0 {
			earliest = date
		}
		if c.pause != 0 && (first.NextTry.Before(earliest) || run.Attempts[1].Started.Before(earliest)) {
			t.Errorf("%s: tried again at %s, want not before %s", c.name, run.Attempts[1].Started, earliest)
		}
		calls := targets[c.name].to("/call")
		oneKey(t, calls)
		if tries := strings.Count(strings.Join(run.outcomes(), ","), "call "); c.name != "skipped" && len(calls) != tries {
			t.Errorf("%s: the target was called %d times for %d attempts", c.name, len(calls), tries)
		}
		for _, then := range targets[c.name].to("/then") {
			if len(calls) > 0 && then.Key == calls[0].Key {
				t.Errorf("%s: two actions share a key", c.name)
			}
		}
	}
}

// TestRetryByHand continues at the action that failed, under its old key.
func TestRetryByHand(t *testing.T) {
	t.Parallel()
	g := newTarget(t, reply{status: 200}, reply{status: 404}, reply{status: 200})
	p := testkit.Start(t, testkit.Serve{Rules: fmt.Sprintf(`rules:
  - name: two-steps
    event: scheduling.smartscheduler.canceled
    actions:
      - http: { method: POST, url: "%[1]s/one" }
      - http: { method: POST, url: "%[1]s/two" }
`, g.URL)})
	p.MustPost(canceled(t, "by-hand"))
	run := endedRun(t, p, "by-hand")
	if run.Status != event.StatusFailed {
		t.Fatalf("the run: %s %s", run.Status, run.Reason)
	}
	if r := testkit.Gavel(t, "runs", "retry", run.ID, "--database", p.Database); r.Code != 0 {
		t.Fatalf("retry: %s", r.Stderr)
	}
	testkit.Eventually(t, "the run succeeded", func() bool { return onlyRun(t, p, "by-hand").Status == event.StatusSucceeded })
	if one, two := g.to("/one"), g.to("/two"); len(one) != 1 || len(two) != 2 {
		t.Errorf("%d and %d calls, want 1 and 2", len(one), len(two))
	} else {
		oneKey(t, two)
	}
}
