package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/standin"
	"github.com/gavel-rules/gavel/internal/testkit"
)

func newSlack(t *testing.T) *standin.Slack {
	t.Helper()
	s := standin.NewSlack(standin.SlackOptions{Token: "xoxb-right", Channels: []string{"#sales", "#second"}})
	must(t, s.Start(""))
	t.Cleanup(func() { _ = s.Stop(t.Context()) }) // what is left of it ends with the test
	return s
}

// slackRules announce a meeting, answer in the thread of that, and tell an
// incoming webhook.
const slackRules = `connections:
  slack: { token: "${{ env.SLACK_BOT_TOKEN }}", api_url: "${{ env.SLACK_API_URL }}" }
  hook: { kind: slack, webhook_url: "${{ env.SLACK_WEBHOOK_URL }}" }
rules:
  - name: announce
    event: scheduling.smartscheduler.canceled
    actions:
      - id: announce
        slack:
          channel: "#sales"
          text: "*Canceled* by ${{ meeting.meetingInfo.primaryInviteeName }}"
          blocks:
            - type: section
              text: { type: mrkdwn, text: "*${{ meeting.meetingInfo.meetingName }}*" }
        retry: { max: 3, initial: 20ms }
      - slack: { channel: "#sales", text: more, thread_ts: "${{ actions.announce.ts }}" }
      - slack: { connection: hook, text: hooked }
  - name: wrong-channel
    event: scheduling.smartscheduler.rescheduled
    actions:
      - slack: { channel: "#nowhere", text: hi }
`

func slackEnv(s *standin.Slack) []string {
	return []string{"SLACK_BOT_TOKEN=xoxb-right", "SLACK_API_URL=" + s.APIURL(), "SLACK_WEBHOOK_URL=" + s.WebhookURL()}
}

// TestSlack sends what strangers typed to Slack: text, blocks, a thread and an
// incoming webhook.
func TestSlack(t *testing.T) {
	t.Parallel()
	s := newSlack(t)
	p := testkit.Start(t, testkit.Serve{Rules: slackRules, Env: slackEnv(s)})
	p.MustPost(testkit.Sample(t, event.TypeCanceled, "said",
		"meeting.meetingInfo.primaryInviteeName", "<!channel> & <https://evil.example|you>", "meeting.meetingInfo.meetingName", "<@U1>"))
	run := endedRun(t, p, "said")
	if run.Status != event.StatusSucceeded {
		t.Fatalf("the run: %s %s", run.Status, run.Reason)
	}
	got := s.Received()
	if len(got) != 3 {
		t.Fatalf("Slack got %d messages, want 3", len(got))
	}
	first, thread, hook := got[0], got[1], got[2]
	if first.Channel != "#sales" || !strings.HasPrefix(first.Text, "*Canceled* by &lt;!channel&gt; &amp; &lt;https:") {
		t.Errorf("the first message: %q in %s", first.Text, first.Channel)
	}
	var blocks []struct{ Text struct{ Text string } }
	must(t, json.Unmarshal(first.Blocks, &blocks))
	if text := blocks[0].Text.Text; !strings.HasPrefix(text, "*&lt;@") || strings.Contains(text, "@U1") {
		t.Errorf("its block: %q", text)
	}
	if thread.ThreadTS != first.TS || thread.TS == "" || thread.Text != "more" {
		t.Errorf("the second message: %+v, want it in the thread of %s", thread, first.TS)
	}
	if !hook.Webhook || hook.Text != "hooked" {
		t.Errorf("the webhook's message: %+v", hook)
	}
	keys := map[string]bool{first.Key: true, thread.Key: true, hook.Key: true}
	if keys[""] || len(keys) != 3 {
		t.Errorf("keys of the three messages: %v", keys)
	}
	if strings.Contains(p.Log(), "xoxb-right") {
		t.Error("the log shows the token")
	}
}

// TestSlackInTrouble has Slack ask for time, by status and by its own words,
// and refuse permanently.
func TestSlackInTrouble(t *testing.T) {
	t.Parallel()
	s := newSlack(t)
	p := testkit.Start(t, testkit.Serve{Rules: slackRules, Env: slackEnv(s)})
	after := []string{"announce failed", "announce succeeded", "slack#2 succeeded", "slack#3 succeeded"}

	s.FailNext(1, http.StatusTooManyRequests, http.Header{"Retry-After": {"2"}})
	p.MustPost(canceled(t, "rate"))
	run := endedRun(t, p, "rate")
	if diff := cmp.Diff(after, run.outcomes()); diff != "" {
		t.Errorf("429 (-want +got):\n%s", diff)
	} else if first, second := run.Attempts[0], run.Attempts[1]; first.Cause != event.CauseRateLimited || second.Started.Before(first.Ended.Add(2*time.Second)) {
		t.Errorf("429: %s, tried again after %s, want 2s", first.Cause, second.Started.Sub(first.Ended))
	}

	s.RefuseNext(1, "ratelimited")
	p.MustPost(canceled(t, "words"))
	run = endedRun(t, p, "words")
	if diff := cmp.Diff(after, run.outcomes()); diff != "" || run.Attempts[0].Cause != event.CauseRateLimited {
		t.Errorf("ratelimited (-want +got):\n%s", diff)
	}

	s.FailNext(1, http.StatusServiceUnavailable, nil)
	p.MustPost(canceled(t, "down"))
	run = endedRun(t, p, "down")
	if diff := cmp.Diff(after, run.outcomes()); diff != "" || run.Attempts[0].Cause != event.CauseServer {
		t.Errorf("503 (-want +got):\n%s", diff)
	}

	p.MustPost(testkit.Sample(t, event.TypeRescheduled, "nowhere"))
	run = endedRun(t, p, "nowhere")
	if len(run.Attempts) != 1 || run.Status != event.StatusFailed || !strings.Contains(run.Reason, "channel_not_found; check the name of #nowhere") {
		t.Errorf("no such channel: %s after %d attempts: %s", run.Status, len(run.Attempts), run.Reason)
	}

	s.RefuseNext(1, "invalid_auth")
	p.MustPost(canceled(t, "token"))
	run = endedRun(t, p, "token")
	if run.Status != event.StatusFailed || len(run.Attempts) != 1 || run.Attempts[0].Cause != event.CauseAuth {
		t.Errorf("bad token: %s %s", run.Status, run.Reason)
	}
}
