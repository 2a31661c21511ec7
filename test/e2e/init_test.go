package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/standin"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// TestInit: with its placeholders replaced, what "gavel init" writes turns an
// event into a message.
func TestInit(t *testing.T) {
	t.Parallel()
	slack := standin.NewSlack(standin.SlackOptions{Token: "xoxb-right", Channels: []string{"#sales-alerts"}})
	must(t, slack.Start(""))
	t.Cleanup(func() { _ = slack.Stop(t.Context()) }) // what is left of it ends with the test
	smtp := standin.NewSMTP(standin.SMTPOptions{})
	must(t, smtp.Start(""))
	t.Cleanup(func() { _ = smtp.Stop(t.Context()) }) // as above

	check := func(with, eventType string, replace []string, got func() int) {
		t.Run(with, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "gavel")
			if r := testkit.Gavel(t, "init", dir, "--with", with, "--for", "none", "--yes"); r.Code != 0 {
				t.Fatalf("gavel init: %d %s", r.Code, r.Stderr)
			}
			for _, name := range []string{"gavel.env", "rules.yaml"} {
				rewrite(t, filepath.Join(dir, name), append(replace, "replace-with-the-signing-secret", testkit.Secret))
			}
			p := testkit.Start(t, testkit.Serve{
				RulesFile: filepath.Join(dir, "rules.yaml"), Args: []string{"--env-file", filepath.Join(dir, "gavel.env")},
			})
			p.MustPost(testkit.Sample(t, eventType, "init-"+with, "meeting.meetingStart", time.Now().Add(time.Hour).UTC().Format(time.RFC3339)))
			testkit.Eventually(t, "the message is sent", func() bool { return got() == 1 })
		})
	}
	check("slack", event.TypeCanceled, []string{"replace-with-xoxb-token", "xoxb-right", "# api_url: http://127.0.0.1:9999/ ", "api_url: " + slack.APIURL() + " "},
		func() int { return len(slack.Received()) })
	_, port, err := net.SplitHostPort(smtp.Addr())
	must(t, err)
	check("email", event.TypeScheduled, []string{"replace-with-your-mail-server.example", "127.0.0.1", "SMTP_PORT=587", "SMTP_PORT=" + port, "=starttls", "=none",
		"replace-with-the-user", "", "replace-with-the-password", "", "replace-with-the-sender@", "hello@"},
		func() int { return len(smtp.Received()) })
}

// rewrite replaces texts in a file: old, new, old, new, …
func rewrite(t *testing.T, path string, pairs []string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, []byte(strings.NewReplacer(pairs...).Replace(string(raw))), 0o600))
}
