package slack_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/actions/actionstest"
	"github.com/gavel-rules/gavel/actions/slack"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/standin"
)

// setup starts a stand-in and loads one slack action, given as YAML flow.
func setup(t *testing.T, action string) (*actionstest.Rig, *standin.Slack) {
	t.Helper()
	peer := standin.NewSlack(standin.SlackOptions{Token: token, Channels: []string{"#sales", "#ops"}})
	if err := peer.Start(""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = peer.Stop(t.Context()) })
	return actionstest.Load(t, kinds(t), `
connections:
  slack: { token: `+token+`, api_url: "`+peer.APIURL()+`" }
  hook: { kind: slack, webhook_url: "`+peer.WebhookURL()+`" }
rules:
  - name: try
    event: scheduling.*
    actions:
      - slack: `+action, nil), peer
}

const (
	invitee = "meeting.meetingInfo.primaryInviteeName"
	place   = "meeting.meetingInfo.location"
)

func TestPost(t *testing.T) {
	t.Parallel()
	rig, peer := setup(t, `{ channel: "#sales", text: "*Booked* by ${{ meeting.meetingInfo.primaryInviteeName }}" }`)
	result, err := rig.Do(t.Context(), invitee, "<!channel> *Eve*")
	if err != nil {
		t.Fatal(err)
	}
	got := peer.Received()
	if len(got) != 1 {
		t.Fatalf("received %d messages, want 1", len(got))
	}
	if want := "*Booked* by &lt;!channel&gt; ∗Eve∗"; got[0].Text != want || got[0].Channel != "#sales" {
		t.Errorf("received %q in %s, want %q in #sales", got[0].Text, got[0].Channel, want)
	}
	if agent := got[0].Header.Get("User-Agent"); agent != "gavel/test" {
		t.Errorf("user agent is %q", agent)
	}
	if diff := cmp.Diff(&slack.Result{TS: got[0].TS, Channel: got[0].ID}, result); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

func TestPostByWebhook(t *testing.T) {
	t.Parallel()
	rig, peer := setup(t, `{ connection: hook, text: "by ${{ meeting.meetingInfo.primaryInviteeName }}", blocks: [{ type: divider }] }`)
	if _, err := rig.Do(t.Context(), invitee, "Ada"); err != nil {
		t.Fatal(err)
	}
	got := peer.Received()
	if len(got) != 1 || got[0].Text != "by Ada" || !got[0].Webhook || string(got[0].Blocks) != `[{"type":"divider"}]` {
		t.Errorf("received %+v", got)
	}
	peer.RefuseNext(1, "channel_is_archived")
	_, err := rig.Do(t.Context())
	if f := actionstest.Failure(t, err); f.Retry || !strings.Contains(f.Text, "unarchive") {
		t.Errorf("failure is %+v", f)
	}
}

func TestBlocksAreEscapedByField(t *testing.T) {
	t.Parallel()
	rig, _ := setup(t, `
          channel: "#sales"
          blocks:
            - type: section
              text: { type: mrkdwn, text: "*By* ${{ meeting.meetingInfo.primaryInviteeName }}" }
              fields:
                - { type: plain_text, text: "${{ meeting.meetingInfo.primaryInviteeName }}" }
            - type: actions
              elements:
                - { type: button, value: "${{ meeting.id }}", text: { type: plain_text, text: Open },
                    url: "https://crm.example/find/${{ meeting.meetingInfo.primaryInviteeName }}" }
                - { type: button, text: { type: plain_text, text: Where }, url: "${{ meeting.meetingInfo.location }}" }
`)
	var preview struct {
		Blocks []map[string]any `json:"blocks"`
	}
	raw := rig.Preview(invitee, "<@U1> *E*\u202e", place, "https://maps.example/?q=1", "meeting.id", "m-1")
	if err := json.Unmarshal([]byte(raw), &preview); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{
		{
			"type":   "section",
			"text":   map[string]any{"type": "mrkdwn", "text": "*By* &lt;@\u2060U1&gt; ∗E∗"},
			"fields": []any{map[string]any{"type": "plain_text", "text": "<@U1> *E*"}},
		},
		{"type": "actions", "elements": []any{
			map[string]any{
				"type": "button", "value": "m-1", "text": map[string]any{"type": "plain_text", "text": "Open"},
				"url": "https://crm.example/find/%3C%40U1%3E%20%2AE%2A%E2%80%AE",
			},
			map[string]any{"type": "button", "text": map[string]any{"type": "plain_text", "text": "Where"}, "url": "https://maps.example/?q=1"},
		}},
	}
	if diff := cmp.Diff(want, preview.Blocks); diff != "" {
		t.Errorf("blocks (-want +got):\n%s", diff)
	}
	if _, err := rig.Prepare(place, "javascript:alert(1)"); err == nil || !strings.Contains(err.Error(), "http or https") {
		t.Errorf("a javascript address gives %v", err)
	}
}

func TestErrorsOfSlack(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]event.Failure{
		"ratelimited":       {Cause: event.CauseRateLimited, Retry: true},
		"internal_error":    {Cause: event.CauseServer, Retry: true},
		"fatal_error":       {Cause: event.CauseServer, Retry: true},
		"invalid_auth":      {Cause: event.CauseAuth, Text: "token"},
		"token_revoked":     {Cause: event.CauseAuth, Text: "token"},
		"missing_scope":     {Cause: event.CauseAuth, Text: "chat:write"},
		"not_in_channel":    {Cause: event.CauseClient, Text: "invite the bot to #sales"},
		"channel_not_found": {Cause: event.CauseClient, Text: "#sales"},
		"is_archived":       {Cause: event.CauseClient, Text: "archived"},
		"something_new":     {Cause: event.CauseClient, Text: "something_new"},
	} {
		rig, peer := setup(t, `{ channel: "#sales", text: Hello }`)
		peer.RefuseNext(1, code)
		_, err := rig.Do(t.Context())
		f := actionstest.Failure(t, err)
		if f.Cause != want.Cause || f.Retry != want.Retry || !strings.Contains(f.Text, want.Text) {
			t.Errorf("%s: %+v, want %+v", code, f, want)
		}
	}
	rig, peer := setup(t, `{ channel: "#sales", text: Hello }`)
	peer.FailNext(1, http.StatusTooManyRequests, http.Header{"Retry-After": {"3"}})
	_, err := rig.Do(t.Context())
	if f := actionstest.Failure(t, err); f.RetryAfter != 3*time.Second {
		t.Errorf("retry after %v, want 3s", f.RetryAfter)
	}
}

func TestLongTextIsCut(t *testing.T) {
	t.Parallel()
	rig, _ := setup(t, `{ channel: "#sales", text: "${{ meeting.meetingInfo.location }}" }`)
	var m struct {
		Text string `json:"text"`
	}
	if err := json.Unmarshal([]byte(rig.Preview(place, strings.Repeat("a&", 30_000))), &m); err != nil {
		t.Fatal(err)
	}
	body := strings.TrimSuffix(m.Text, "…")
	if n := len([]rune(m.Text)); n > 40_000 || body == m.Text || !(strings.HasSuffix(body, "&amp;") || strings.HasSuffix(body, "a")) {
		t.Errorf("the text has %d characters and ends in %q", n, m.Text[len(m.Text)-12:])
	}
}

func TestNothingToSay(t *testing.T) {
	t.Parallel()
	rig, _ := setup(t, `{ channel: "${{ meeting.meetingInfo.location }}", text: "${{ meeting.meetingInfo.primaryInviteeName }}" }`)
	for _, edits := range [][]string{{place, ""}, {place, "#ops", invitee, ""}} {
		_, err := rig.Prepare(edits...)
		if f := actionstest.Failure(t, err); f.Cause != event.CauseRefused || f.Retry {
			t.Errorf("%v: %+v, want refused", edits, f)
		}
	}
}

func TestLoadFindings(t *testing.T) {
	t.Parallel()
	check := func(connection, action, want string) {
		t.Helper()
		got := actionstest.Findings(t, kinds(t), `
connections: { slack: `+connection+` }
rules:
  - { name: try, event: "*", actions: [ { slack: `+action+` } ] }
`, nil)
		if !strings.Contains(got, want) {
			t.Errorf("%s %s: findings do not say %q:\n%s", connection, action, want, got)
		}
	}
	good := `{ token: xoxb-123456 }`
	check(good, `{ channel: "#x" }`, "give text, or blocks")
	check(good, `{ text: Hello }`, "name the channel")
	check(`{ webhook_url: "https://hooks.slack.example/x" }`, `{ text: Hello, channel: "#x" }`, "which has its own channel")
	check(`{ token: xoxb-123456, webhook_url: "https://hooks.slack.example/x" }`, `{ text: Hello }`, "exactly one of token and webhook_url")
	check(`{ webhook_url: "ftp://hooks.slack.example/x" }`, `{ text: Hello }`, "not an http or https address")
	check(`{ token: xoxb-123456, api_url: "slack" }`, `{ text: Hello, channel: "#x" }`, "not an http or https address")
}
