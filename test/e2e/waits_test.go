package e2e

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// databases runs a test on a new database of each kind.
func databases(t *testing.T, test func(t *testing.T, database string)) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, "sqlite:"+filepath.Join(t.TempDir(), "gavel.db"))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		test(t, testkit.NewDatabase(t))
	})
}

// reminder waits for the start of the meeting and then calls the target.
func reminder(target string) string {
	return fmt.Sprintf(`
rules:
  - name: remind
    event: scheduling.smartscheduler.scheduled
    actions:
      - wait: { until: meeting.meetingStart }
      - http: { method: POST, url: %s/remind, query: { event: "${{ event.eventId }}", start: "${{ meeting.meetingStart }}" } }
`, target)
}

func booking(t *testing.T, eventType, id, meeting string, start time.Time) []byte {
	return testkit.Sample(t, eventType, id, "meeting.id", meeting, "meeting.meetingStart", start.UTC().Format(time.RFC3339Nano))
}

// runsOf returns what "runs list" prints.
func runsOf(t *testing.T, database string, args ...string) string {
	t.Helper()
	r := testkit.Gavel(t, append([]string{"runs", "list", "--database", database}, args...)...)
	if r.Code != 0 {
		t.Fatalf("runs list: %s", r.Stderr)
	}
	return r.Stdout
}

func TestWaitsSurviveAndFollow(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		g := newTarget(t)
		p := testkit.Start(t, testkit.Serve{Rules: reminder(g.URL), Database: database})
		soon, later := time.Now().Add(10*time.Second), time.Now().Add(time.Hour)
		p.MustPost(booking(t, event.TypeScheduled, "kept", "m1", soon))
		p.MustPost(booking(t, event.TypeScheduled, "moved", "m2", later))
		p.MustPost(booking(t, event.TypeScheduled, "dropped", "m3", soon))
		p.MustPost(booking(t, event.TypeScheduled, "far", "m4", later))
		testkit.Eventually(t, "all four wait", func() bool { return strings.Count(runsOf(t, database, "--status", "waiting"), "remind") == 4 })
		p.Kill()
		p.Restart()
		p.MustPost(booking(t, event.TypeRescheduled, "move", "m2", soon))
		p.MustPost(booking(t, event.TypeCanceled, "drop", "m3", soon))
		testkit.Eventually(t, "both reminders that are due", func() bool { return len(g.byEvent()) >= 2 })
		testkit.Eventually(t, "their ends", func() bool { return strings.Count(runsOf(t, database, "--status", "succeeded"), "remind") == 2 })

		reminded := g.byEvent()
		if len(reminded["kept"]) != 1 || len(reminded["moved"]) != 1 || len(reminded) != 2 {
			t.Errorf("reminded: %v", reminded)
		}
		for _, c := range g.all() {
			at, err := time.Parse(time.RFC3339Nano, mustQuery(t, c.Query).Get("start"))
			if err != nil || at.Sub(soon).Abs() > time.Second {
				t.Errorf("event %s was reminded of a start at %s, want the newest, %s (%v)", c.EventID, at, soon.UTC(), err)
			}
		}
		if list := runsOf(t, database, "--status", "canceled"); !strings.Contains(list, "meeting canceled by event drop") {
			t.Errorf("canceled runs:\n%s", list)
		}
		if list := runsOf(t, database, "--status", "waiting"); strings.Count(list, "remind") != 1 || !strings.Contains(list, "waiting until") {
			t.Errorf("waiting runs:\n%s", list)
		}
	})
}

func mustQuery(t *testing.T, raw string) url.Values {
	t.Helper()
	q, err := url.ParseQuery(raw)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// TestMoveToTodaysRule takes waiting runs over to an edited rule.
func TestMoveToTodaysRule(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		g := newTarget(t)
		p := testkit.Start(t, testkit.Serve{Rules: reminder(g.URL), Database: database})
		p.MustPost(booking(t, event.TypeScheduled, "e1", "m1", time.Now().Add(time.Hour)))
		testkit.Eventually(t, "the run waits", func() bool { return strings.Contains(runsOf(t, database), "waiting") })
		p.WriteRules(strings.Replace(reminder(g.URL), "meeting.meetingStart }", `meeting.meetingStart - duration("2h") }`, 1))

		move := []string{"runs", "move", "--rule", "remind", "--to", "current", "--rules", p.RulesFile, "--database", database}
		shown := testkit.Gavel(t, move...)
		if shown.Code != 0 || !strings.Contains(shown.Stdout, "1 run would move") {
			t.Fatalf("shown: %d %s%s", shown.Code, shown.Stdout, shown.Stderr)
		}
		if len(g.byEvent()) != 0 || !strings.Contains(runsOf(t, database), "waiting") {
			t.Fatal("showing has moved the run")
		}
		moved := testkit.Gavel(t, append(move, "--yes")...)
		if moved.Code != 0 || !strings.Contains(moved.Stdout, "1 run moved") {
			t.Fatalf("moved: %d %s%s", moved.Code, moved.Stdout, moved.Stderr)
		}
		testkit.Eventually(t, "the reminder of today's rule", func() bool { return len(g.byEvent()["e1"]) == 1 })
	})
}

// TestRetryAllFailed retries everything that failed in one go.
func TestRetryAllFailed(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		g := newTarget(t, reply{status: 404}, reply{status: 404}, reply{status: 404})
		p := testkit.Start(t, testkit.Serve{Rules: tellTarget(g.URL, "tell"), Database: database})
		for i := range 3 {
			p.MustPost(testkit.Sample(t, event.TypeCanceled, fmt.Sprint("e", i)))
		}
		testkit.Eventually(t, "three failed runs", func() bool { return strings.Count(runsOf(t, database, "--status", "failed"), "404 Not Found") == 3 })
		r := testkit.Gavel(t, "runs", "retry", "--failed", "--yes", "--since", "2h", "--database", database)
		if r.Code != 0 || !strings.Contains(r.Stdout, "3 runs retried") {
			t.Fatalf("retry: %d %s%s", r.Code, r.Stdout, r.Stderr)
		}
		testkit.Eventually(t, "three runs that succeeded", func() bool {
			return strings.Count(runsOf(t, database, "--status", "succeeded"), "\n") == 4
		})
	})
}

// TestIndependentWait: a wait with follow: false neither moves nor ends with
// its meeting.
func TestIndependentWait(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		g := newTarget(t)
		p := testkit.Start(t, testkit.Serve{
			Rules:    strings.Replace(reminder(g.URL), "meeting.meetingStart }", "meeting.meetingStart, follow: false }", 1),
			Database: database,
		})
		soon := time.Now().Add(3 * time.Second)
		p.MustPost(booking(t, event.TypeScheduled, "e1", "m1", soon))
		testkit.Eventually(t, "the run waits", func() bool { return strings.Contains(runsOf(t, database), "waiting") })
		p.MustPost(booking(t, event.TypeRescheduled, "e2", "m1", soon.Add(time.Hour)))
		p.MustPost(booking(t, event.TypeCanceled, "e3", "m1", soon.Add(time.Hour)))
		testkit.Eventually(t, "the reminder all the same", func() bool { return len(g.byEvent()["e1"]) == 1 })
	})
}

// TestKeep removes what is old and finished, and nothing that still waits.
func TestKeep(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		g := newTarget(t)
		p := testkit.Start(t, testkit.Serve{Rules: reminder(g.URL), Database: database, Args: []string{"--keep", "1s"}})
		p.MustPost(booking(t, event.TypeScheduled, "waits", "m1", time.Now().Add(time.Hour)))
		p.MustPost(booking(t, event.TypeCanceled, "old", "m2", time.Now().Add(time.Hour)))
		events := func() string { return testkit.Gavel(t, "events", "list", "--database", database).Stdout }
		testkit.Eventually(t, "both are stored", func() bool { return strings.Contains(events(), "old") && strings.Contains(events(), "waits") })
		// What is old goes at the start and every minute.
		testkit.Eventually(t, "the finished event goes", func() bool {
			if code := p.Stop(); code != 0 {
				t.Fatalf("stop: %d", code)
			}
			p.Restart()
			return !strings.Contains(events(), "old")
		})
		if list := events(); !strings.Contains(list, "waits") {
			t.Errorf("the event of a waiting run is gone:\n%s", list)
		}
	})
}
