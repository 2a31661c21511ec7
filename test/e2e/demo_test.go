package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/gavel-rules/gavel/internal/testkit"
)

// TestDemo follows what the demo tells its user to do: edit the rules, send
// another event with the command that it shows, look at the runs, end it.
func TestDemo(t *testing.T) {
	t.Parallel()
	out := &testkit.Screen{}
	dir := filepath.Join(t.TempDir(), "demo")
	cmd := exec.Command(testkit.Binary(t), "demo", "--dir", dir)
	cmd.Stdout, cmd.Stderr = out, out
	must(t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // the exit code is read below
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		<-ended
	})
	shows := func(text string) {
		t.Helper()
		testkit.Eventually(t, "the demo shows "+text, func() bool { return strings.Contains(out.String(), text) })
	}
	shows("It keeps running")
	told := out.String()
	rulesFile := filepath.Join(dir, "rules.yaml")
	if !strings.Contains(told, "Edit "+rulesFile+" and save") {
		t.Errorf("it does not say which rules to edit:\n%s", told)
	}
	command := regexp.MustCompile(`gavel (send --url .*)\n`).FindStringSubmatch(told)
	if command == nil {
		t.Fatalf("it does not say how to send another event:\n%s", told)
	}

	content, err := os.ReadFile(rulesFile)
	must(t, err)
	write(t, rulesFile, strings.Replace(string(content), "Canceled: *", "Edited by hand: *", 1))
	shows("Rules reloaded: revision ")
	if r := testkit.Gavel(t, strings.Fields(command[1])...); r.Code != 0 || !strings.Contains(r.Stdout, "accepted") {
		t.Fatalf("gavel %s ended with %d: %s%s", command[1], r.Code, r.Stdout, r.Stderr)
	}
	shows("Slack #sales-alerts got: Edited by hand: *Product introduction* with Sample Invitee")

	write(t, rulesFile, strings.Replace(string(content), "meetingOwner", "meetingOwnr", 1))
	shows(`unknown field "meetingOwnr"; did you mean "meetingOwner"?`)
	if !strings.Contains(out.String(), "The rules on disk have errors, so revision ") {
		t.Errorf("it does not say that the old rules stay:\n%s", out)
	}

	look := regexp.MustCompile(`gavel (runs list .*)\n`).FindStringSubmatch(told)
	if look == nil {
		t.Fatalf("it does not say how to look at the runs:\n%s", told)
	}
	if r := testkit.Gavel(t, strings.Fields(look[1])...); r.Code != 0 || strings.Count(r.Stdout, "alert-on-cancellation  succeeded") != 2 {
		t.Errorf("gavel %s ended with %d:\n%s%s", look[1], r.Code, r.Stdout, r.Stderr)
	}

	must(t, cmd.Process.Signal(syscall.SIGINT))
	<-ended
	if code := cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("after Ctrl-C it ended with %d", code)
	}
}
