package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/gavel-rules/gavel/app/backups"
	"github.com/gavel-rules/gavel/app/clock"
	"github.com/gavel-rules/gavel/app/health"
	"github.com/gavel-rules/gavel/app/metrics"
	"github.com/gavel-rules/gavel/app/retention"
	"github.com/gavel-rules/gavel/engine/gate"
	"github.com/gavel-rules/gavel/engine/vitals"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/rules/live"
	"github.com/gavel-rules/gavel/vault/copies"
	"github.com/gavel-rules/gavel/watchdog"
)

// told returns metrics that have been told of one thing of each kind.
func told(t *testing.T) *metrics.Metrics {
	t.Helper()
	m := metrics.New("1.0.0")
	ev := &event.Event{Envelope: event.Envelope{Type: event.TypeScheduled}, Drift: []event.Drift{{Path: "data.id"}}}
	m.Took(ev, event.Receipt{})
	m.RunChanged(&event.Run{Rule: "a-rule", Status: event.StatusFailed})
	m.AttemptEnded(nil, &event.Attempt{Kind: "http", Outcome: event.OutcomeFailed, Cause: event.CauseServer})
	old, err := retention.New(retention.Options{})
	if err != nil {
		t.Fatal(err)
	}
	old.Register(m)
	clock.New(slog.New(slog.DiscardHandler)).Register(m)
	health.NewFooting(nil, nil).Register(m)
	health.NewSize(nil, true, nil).Register(m)
	regular, err := backups.New(backups.Options{Folder: &copies.Folder{Path: t.TempDir(), Name: "gavel"}, Every: time.Hour, Keep: 1, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	regular.Register(m)
	m.Watch(metrics.State{
		Counts: func(context.Context) (event.Counts, error) { return event.Counts{Events: 7}, nil },
		Issues: func(context.Context) ([]*event.Issue, error) {
			return []*event.Issue{{Rule: "a-rule", Connection: "crm", Failing: 1}}, nil
		},
		Connections: func() []gate.State { return []gate.State{{Name: "crm", Breaker: "open"}} },
		Rules:       func() live.Status { return live.Status{OK: true} },
		Source:      func() watchdog.Report { return watchdog.Report{} },
		Troubles:    func() vitals.Troubles { return vitals.Troubles{} },
		Paused:      func() []event.Pause { return []event.Pause{{Key: event.PauseRule("a-rule")}} },
		Now:         time.Now,
	})
	return m
}

func TestMetricsAreWellNamed(t *testing.T) {
	t.Parallel()
	problems, err := testutil.GatherAndLint(told(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestDocsNameRealMetrics finds every metric that the dashboard and the alerts
// ask for.
func TestDocsNameRealMetrics(t *testing.T) {
	t.Parallel()
	families, err := told(t).Gather()
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, f := range families {
		known = append(known, f.GetName(), f.GetName()+"_bucket", f.GetName()+"_sum", f.GetName()+"_count")
	}
	name := regexp.MustCompile(`\bgavel_[a-z_]+`)
	for _, file := range []string{"../docs/grafana.json", "../docs/alerts.yaml", "../docs/console.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := name.FindAllString(string(text), -1)
		if len(found) == 0 {
			t.Errorf("%s names no metric", file)
		}
		for _, m := range found {
			if !slices.Contains(known, m) && m != "gavel_session" {
				t.Errorf("%s names %s, which does not exist", file, m)
			}
		}
	}
}

func TestAlertsHold(t *testing.T) {
	t.Parallel()
	promtool := testkit.Promtool(t)
	for _, args := range [][]string{
		{"check", "rules", "../docs/alerts.yaml"}, {"check", "rules", dashboardQueries(t)},
		{"test", "rules", "testdata/alerts_test.yaml"},
	} {
		if out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// TestEveryAlertIsTried finds alerts that no test lets fire.
func TestEveryAlertIsTried(t *testing.T) {
	t.Parallel()
	alerts, err := os.ReadFile("../docs/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tests, err := os.ReadFile("testdata/alerts_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`(?m)- alert: (\w+)$`).FindAllStringSubmatch(string(alerts), -1)
	if len(names) < 9 {
		t.Fatalf("only %d alerts were found", len(names))
	}
	for _, m := range names {
		fires := regexp.MustCompile(`alertname: ` + m[1] + `\n +exp_alerts:( [*&]\w+)?\n`)
		if !fires.Match(tests) {
			t.Errorf("no test lets %s fire", m[1])
		}
	}
}

// dashboardQueries writes the queries of the dashboard as a file of recording
// rules, which promtool can check.
func dashboardQueries(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("../docs/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	if err := json.Unmarshal(raw, &dashboard); err != nil {
		t.Fatal(err)
	}
	text := "groups:\n- name: dashboard\n  rules:\n"
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			text += fmt.Sprintf("  - record: query\n    expr: %q\n", strings.ReplaceAll(target.Expr, "$instance", ".*"))
		}
	}
	path := filepath.Join(t.TempDir(), "queries.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
