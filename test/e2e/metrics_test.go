package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// busyRules make runs that succeed, fail, are tried again and wait, over two
// connections, of which one refuses and one has trouble.
func busyRules(refusing, troubled string) string {
	return fmt.Sprintf(`connections:
  refusing: { kind: http, base_url: %s }
  troubled: { kind: http, base_url: %s }
rules:
  - name: note
    event: "*"
    actions: [{ log: { message: noted } }]
  - name: refused
    event: scheduling.smartscheduler.scheduled
    actions: [{ http: { connection: refusing, url: / } }]
  - name: tried-again
    event: scheduling.smartscheduler.scheduled
    actions: [{ http: { connection: troubled, url: / }, retry: { initial: 1h } }]
  - name: thank-you
    event: scheduling.smartscheduler.scheduled
    actions: [{ wait: { for: 720h } }, { log: { message: thanks } }]
`, refusing, troubled)
}

// series is a sample of /metrics: its labels and its value.
type series struct {
	labels map[string]string
	value  string
}

// samples reads what /metrics answers, by name.
func samples(text string) map[string][]series {
	all := map[string][]series{}
	line := regexp.MustCompile(`(?m)^([a-z_]+)(?:\{(.*)\})? (\S+)$`)
	label := regexp.MustCompile(`(\w+)="([^"]*)"`)
	for _, m := range line.FindAllStringSubmatch(text, -1) {
		labels := map[string]string{}
		for _, l := range label.FindAllStringSubmatch(m[2], -1) {
			labels[l[1]] = l[2]
		}
		all[m[1]] = append(all[m[1]], series{labels, m[3]})
	}
	return all
}

// answering starts a server that answers everything with one status.
func answering(t *testing.T, status int) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	t.Cleanup(s.Close)
	return s.URL
}

// busyMetrics returns the metrics of a process that has had something of each
// kind to do.
func busyMetrics(t *testing.T) string {
	t.Helper()
	p := testkit.Start(t, testkit.Serve{
		Rules: busyRules(answering(t, http.StatusBadRequest), answering(t, http.StatusInternalServerError)),
		Args:  []string{"--keep", "90d", "--archive", t.TempDir(), "--backup-to", t.TempDir()},
	})
	p.MustPost(testkit.Sample(t, event.TypeWebhookTest, "validation"))
	booked := testkit.Sample(t, event.TypeScheduled, "booked")
	p.MustPost(booked)
	p.MustPost(booked)
	for i := range 50 { // of types that nobody has heard of, as a stranger with the secret would
		body, err := sample.Set(testkit.Sample(t, event.TypeScheduled, fmt.Sprint("odd-", i)), "eventType", fmt.Sprintf("odd.%d", i))
		if err != nil {
			t.Fatal(err)
		}
		p.MustPost(body)
	}
	if a, err := testkit.Post(t, p.Client, p.URL, "wrong", testkit.Sample(t, event.TypeScheduled, "forged")); err != nil || a.Code != http.StatusUnauthorized {
		t.Fatalf("%+v %v", a, err)
	}
	var out string
	testkit.Eventually(t, "runs have ended, failed, been tried and gone to sleep", func() bool {
		out = get(t, p, "/metrics")
		for _, want := range []string{
			`gavel_runs_total{outcome="failed",rule="refused"} 1`, `gavel_runs_total{outcome="succeeded",rule="note"} 52`,
			`gavel_stored_runs{status="waiting"} 1`, `gavel_attempts_total{cause="server",kind="http",outcome="failed"} 1`,
		} {
			if !strings.Contains(out, want) {
				return false
			}
		}
		return true
	})
	return out
}

// TestMetrics holds a real /metrics to what it promises, to promtool, and to
// the dashboard.
func TestMetrics(t *testing.T) {
	t.Parallel()
	metrics := busyMetrics(t)
	for _, want := range []string{
		`gavel_events_total{outcome="accepted",type="scheduling.smartscheduler.scheduled"} 1`,
		`gavel_events_total{outcome="duplicate",type="scheduling.smartscheduler.scheduled"} 1`,
		`gavel_events_total{outcome="accepted",type="other"} 50`,
		`gavel_rejections_total{reason="signature"} 1`,
		`gavel_intake_seconds_count 53`,
		`gavel_commit_batch_size_bucket{le="1"} `, `gavel_commit_seconds_count `,
		`gavel_attempts_total{cause="client",kind="http",outcome="failed"} 1`,
		`gavel_oldest_due_age_seconds `,
		`gavel_rules_reload_success 1`, `gavel_rules_loaded_timestamp_seconds `,
		`gavel_connection_breaker{connection="troubled",state="closed"} 1`, `gavel_connection_in_flight{connection="refusing"} 0`,
		`gavel_store_up 1`, `gavel_stored_events 52`,
	} {
		if !strings.Contains(metrics, "\n"+want) {
			t.Errorf("the metrics do not hold %s", want)
		}
	}
	if n := len(samples(metrics)["gavel_events_total"]); n > 20 {
		t.Errorf("types typed by strangers made %d series", n)
	}
	promtool := testkit.Promtool(t)
	cmd := exec.CommandContext(t.Context(), promtool, "check", "metrics")
	cmd.Stdin = strings.NewReader(metrics)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

// TestDashboardAsksForWhatIsThere looks every selector of the dashboard and of
// the alerts up in a real /metrics: the name, the labels, and the values that
// they ask for.
func TestDashboardAsksForWhatIsThere(t *testing.T) {
	t.Parallel()
	there := samples(busyMetrics(t))
	var queries []string
	raw, err := os.ReadFile("../../docs/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(raw, &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, p := range dashboard.Panels {
		if len(p.Targets) == 0 {
			t.Errorf("the panel %q asks for nothing", p.Title)
		}
		for _, target := range p.Targets {
			queries = append(queries, target.Expr)
		}
	}
	alerts, err := os.ReadFile("../../docs/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^ +expr: (?:\|\n)?(.*(?:\n {10,}.*)*)`).FindAllStringSubmatch(string(alerts), -1) {
		queries = append(queries, m[1])
	}
	if len(queries) < 30 {
		t.Errorf("only %d queries were found", len(queries))
	}
	selector := regexp.MustCompile(`\b((?:gavel|process|go)_[a-z_]+)(?:\{([^}]*)\})?`)
	matcher := regexp.MustCompile(`(\w+)(=~|=)"([^"]*)"`)
	grouping := regexp.MustCompile(`\bby \(([^)]*)\)`)
	for _, q := range queries {
		found := selector.FindAllStringSubmatch(q, -1)
		if len(found) == 0 && !strings.Contains(q, "up{job=") {
			t.Errorf("%s: no metric is recognised", q)
		}
		labels := map[string]bool{"instance": true, "job": true, "le": true} // those of the scrape, and of histograms
		for _, f := range found {
			if len(there[f[1]]) == 0 {
				t.Errorf("%s: there is no metric %s", q, f[1])
			}
			for _, s := range there[f[1]] {
				for name := range s.labels {
					labels[name] = true
				}
			}
			for _, m := range matcher.FindAllStringSubmatch(f[2], -1) {
				for _, value := range strings.Split(m[3], "|") {
					if m[1] != "instance" && !holds(there[f[1]], m[1], value) {
						t.Errorf("%s: no series of %s has %s=%q", q, f[1], m[1], value)
					}
				}
			}
		}
		for _, g := range grouping.FindAllStringSubmatch(q, -1) {
			for _, name := range strings.Split(g[1], ",") {
				if !labels[strings.TrimSpace(name)] {
					t.Errorf("%s: no series has the label %s", q, name)
				}
			}
		}
	}
}

func holds(all []series, name, value string) bool {
	for _, s := range all {
		if s.labels[name] == value {
			return true
		}
	}
	return false
}
