package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// TestStopLetsActionsFinish has an action under way when SIGTERM comes, and
// answers it in time.
func TestStopLetsActionsFinish(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	g.hold()
	p := testkit.Start(t, testkit.Serve{Rules: tellTarget(g.URL, "slow")})
	p.MustPost(canceled(t, "under-way"))
	testkit.Eventually(t, "the action is under way", func() bool { return len(g.all()) == 1 })
	p.Signal(syscall.SIGTERM)
	testkit.Eventually(t, "it takes no more events", func() bool {
		_, err := p.Post(canceled(t, "too-late"))
		return err != nil
	})
	g.release()
	if code := p.Wait(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	run := onlyRun(t, p, "under-way")
	if diff := cmp.Diff([]string{"http#1 succeeded"}, run.outcomes()); diff != "" || run.Status != event.StatusSucceeded {
		t.Errorf("run %s %s (-want +got):\n%s", run.Status, run.Reason, diff)
	}
	if n := len(g.byEvent()["under-way"]); n != 1 {
		t.Errorf("the action was carried out %d times", n)
	}
}

// TestShutdownDelay: after SIGTERM the probe says no at once, while events are
// still taken for those who have not looked at it yet.
func TestShutdownDelay(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	p := testkit.Start(t, testkit.Serve{Rules: tellTarget(g.URL, "tell"), Args: []string{"--shutdown-delay", "10m"}})
	p.Signal(syscall.SIGTERM)
	notReady(t, p, "process", "shutting down")
	p.MustPost(canceled(t, "late"))
	testkit.Eventually(t, "its action is carried out", func() bool { return len(g.all()) == 1 })
	p.Signal(syscall.SIGTERM)
	p.Wait() // a second signal does not wait

	short := testkit.Start(t, testkit.Serve{Rules: tellTarget(g.URL, "tell"), Args: []string{"--shutdown-delay", "100ms"}})
	short.Signal(syscall.SIGTERM)
	if code := short.Wait(); code != 0 {
		t.Errorf("exit code %d after the delay, want 0", code)
	}
}

// TestStopInterruptsActions has an action under way that does not end in time.
func TestStopInterruptsActions(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	g.hold()
	p := testkit.Start(t, testkit.Serve{Rules: tellTarget(g.URL, "held"), Args: []string{"--shutdown-timeout", "200ms"}})
	p.MustPost(canceled(t, "cut-off"))
	testkit.Eventually(t, "the action is under way", func() bool { return len(g.all()) == 1 })
	if code := p.Stop(); code != 0 {
		t.Errorf("exit code %d, want 0; an action that was cut off is no failure", code)
	}
	run := onlyRun(t, p, "cut-off")
	if run.Status != event.StatusPending || run.Tries != 0 || !strings.Contains(run.Reason, "shutdown") {
		t.Errorf("the run is %s after %d tries: %s", run.Status, run.Tries, run.Reason)
	}
	g.release()
	p.Restart()
	run = endedRun(t, p, "cut-off")
	if diff := cmp.Diff([]string{"http#1 interrupted", "http#1 succeeded"}, run.outcomes()); diff != "" || run.Status != event.StatusSucceeded {
		t.Fatalf("run %s %s (-want +got):\n%s", run.Status, run.Reason, diff)
	}
	if try := run.Attempts[1].Try; try != 1 {
		t.Errorf("it succeeded with try %d, want 1: being cut off costs none", try)
	}
	oneKey(t, g.all())
}

// TestSecondSignalEndsAtOnce does not wait for an action that would take
// minutes.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	g.hold()
	p := testkit.Start(t, testkit.Serve{Rules: tellTarget(g.URL, "held"), Args: []string{"--shutdown-timeout", "10m"}})
	p.MustPost(canceled(t, "left"))
	testkit.Eventually(t, "the action is under way", func() bool { return len(g.all()) == 1 })
	p.Signal(syscall.SIGTERM)
	testkit.Eventually(t, "it says that it shuts down", func() bool { return strings.Contains(p.Log(), "shutting down") })
	testkit.Eventually(t, "another signal ended it", func() bool {
		// The log can be a moment ahead of what makes a signal count.
		_ = syscall.Kill(p.PID(), syscall.SIGTERM)
		select {
		case <-p.Exited():
			return true
		default:
			return false
		}
	})
	if code := p.Wait(); code == 0 {
		t.Error("exit code 0, though an action was left behind")
	}
	g.release()
	p.Restart()
	if run := endedRun(t, p, "left"); run.Status != event.StatusSucceeded {
		t.Errorf("after the next start: %s %s", run.Status, run.Reason)
	}
	oneKey(t, g.all())
}

// reloadAnswer is what POST /-/reload tells.
type reloadAnswer struct {
	Reloaded bool
	Revision string
	Findings []string
}

func postReload(t *testing.T, p *testkit.Process, token string) (int, reloadAnswer) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.Console+"/-/reload", nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := p.Client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var a reloadAnswer
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatalf("the answer is no JSON: %s", text)
	}
	return res.StatusCode, a
}

// TestReloadByHTTP asks for it with good rules and with bad ones.
func TestReloadByHTTP(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	p := testkit.Start(t, testkit.Serve{Rules: tellTarget(g.URL, "old"), Args: []string{"--console-token", "let-me-in"}})
	if code, a := postReload(t, p, ""); code != http.StatusUnauthorized || a.Reloaded {
		t.Errorf("without the token: %d %+v", code, a)
	}
	if code, a := postReload(t, p, "let-me-in-please"); code != http.StatusUnauthorized || a.Reloaded {
		t.Errorf("with a wrong token: %d %+v", code, a)
	}
	_, old := postReload(t, p, "let-me-in")
	if !old.Reloaded || len(old.Revision) != 32 {
		t.Errorf("with nothing changed: %+v", old)
	}

	p.WriteRules(strings.Replace(tellTarget(g.URL, "bad"), "meetingOwner", "meetingOwnr", 1))
	code, bad := postReload(t, p, "let-me-in")
	if code != http.StatusUnprocessableEntity || bad.Reloaded || bad.Revision != old.Revision {
		t.Errorf("bad rules: %d %+v", code, bad)
	}
	if len(bad.Findings) != 1 || !strings.Contains(bad.Findings[0], `rules.yaml:4:19: rule "tell-the-target": unknown field "meetingOwnr"; did you mean "meetingOwner"?`) {
		t.Errorf("findings: %q", bad.Findings)
	}
	p.MustPost(canceled(t, "under-old"))
	testkit.Eventually(t, "the action came", func() bool { return g.last().EventID == "under-old" })
	if !p.Ready() {
		t.Error("bad rules on disk have ended readiness; the old ones still work")
	}

	p.WriteRules(tellTarget(g.URL, "new"))
	code, renewed := postReload(t, p, "let-me-in")
	if code != http.StatusOK || !renewed.Reloaded || renewed.Revision == old.Revision {
		t.Errorf("good rules: %d %+v", code, renewed)
	}
	p.MustPost(canceled(t, "under-new"))
	testkit.Eventually(t, "the action came", func() bool { return g.last().EventID == "under-new" })
	var bodies []string
	for _, c := range g.all() {
		bodies = append(bodies, c.EventID+" "+c.Body)
	}
	if diff := cmp.Diff([]string{`under-old {"word":"old"}`, `under-new {"word":"new"}`}, bodies); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
	if shown := showEvent(t, p, "under-new"); shown.Revision != renewed.Revision {
		t.Errorf("the event met revision %s, want %s", shown.Revision, renewed.Revision)
	}
}
