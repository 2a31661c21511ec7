package e2e

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// TestApplySurvivesKills kills "gavel rules apply" again and again while it adds
// runs, and the server once, and lets it end at last: every meeting has one run.
func TestApplySurvivesKills(t *testing.T) {
	t.Parallel()
	const meetings = 150
	p := testkit.Start(t, testkit.Serve{})
	for i := range meetings {
		p.MustPost(testkit.Sample(t, event.TypeScheduled, fmt.Sprintf("e-%d", i), "meeting.id", fmt.Sprintf("m-%d", i), "meeting.meetingStart", "2099-06-01T10:00:00Z"))
	}
	p.WriteRules(`rules:
  - name: remind
    event: scheduling.smartscheduler.scheduled
    actions:
      - wait: { until: meeting.meetingStart - duration("1h") }
      - log: { message: soon }
`)
	inForce := func() bool {
		return strings.Contains(testkit.Gavel(t, "rules", "list", "--database", p.Database).Stdout, "remind")
	}
	testkit.Eventually(t, "the rule is in force", inForce)
	applied := func() map[string]int {
		of := map[string]int{}
		for _, run := range listRuns(t, p, "--rule", "remind", "--limit", "1000") {
			of[run.EventID]++
		}
		return of
	}
	newest := func() string { // run, by the server
		res, err := p.Client.Get(p.Console + "/api/v1/runs?rule=remind&limit=1")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	cut := 0
	for round := 0; round < 6 && len(applied()) < meetings; round++ {
		cmd := exec.Command(testkit.Binary(t), "rules", "apply", "remind", "--upcoming", "--yes", "--database", p.Database)
		cmd.Env = append(os.Environ(), "GAVEL_SIGNING_SECRET=")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for before, began := newest(), time.Now(); newest() == before && time.Since(began) < 2*time.Second; {
			continue
		}
		_ = cmd.Process.Kill()
		if cmd.Wait() != nil {
			cut++
		}
		if round == 1 {
			p.Kill()
			p.Restart()
		}
	}
	t.Logf("%d commands were killed, with %d of %d meetings done", cut, len(applied()), meetings)
	end := testkit.Gavel(t, "rules", "apply", "remind", "--upcoming", "--yes", "--database", p.Database)
	if end.Code != 0 {
		t.Fatalf("the last command: %d %s", end.Code, end.Stderr)
	}
	of := applied()
	for i := range meetings {
		if n := of[fmt.Sprintf("e-%d", i)]; n != 1 {
			t.Errorf("meeting %d has %d runs, want one", i, n)
		}
	}
	if again := testkit.Gavel(t, "rules", "apply", "remind", "--upcoming", "--yes", "--database", p.Database); !strings.Contains(again.Stdout, "0 runs added") {
		t.Errorf("repeated: %s", again.Stdout)
	}
}
