package slack_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/actions/actionstest"
	"github.com/gavel-rules/gavel/event"
)

// answered is what comes of a message to a Slack that answers like this.
func answered(t *testing.T, status int, header http.Header, body string) *event.Failure {
	t.Helper()
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	defer peer.Close()
	rig := actionstest.Load(t, kinds(t), `
connections: { slack: { token: `+token+`, api_url: "`+peer.URL+`/api" } }
rules: [ { name: try, event: "*", actions: [ { slack: { channel: "#sales", text: Hello } } ] } ]
`, nil)
	_, err := rig.Do(t.Context())
	return actionstest.Failure(t, err)
}

// TestEveryCodeOfSlack: each has its cause, and a remedy where there is a usual
// one.
func TestEveryCodeOfSlack(t *testing.T) {
	t.Parallel()
	const bot, away = "; set the connection's token to a current bot token", "; this incoming webhook no longer exists: create another"
	for code, want := range map[string]struct {
		cause event.Cause
		retry bool
		hint  string
	}{
		"ratelimited": {event.CauseRateLimited, true, ""}, "rate_limited": {event.CauseRateLimited, true, ""}, "message_limit_exceeded": {event.CauseRateLimited, true, ""},
		"internal_error": {event.CauseServer, true, ""}, "fatal_error": {event.CauseServer, true, ""}, "service_unavailable": {event.CauseServer, true, ""},
		"request_timeout": {event.CauseServer, true, ""}, "team_added_to_org": {event.CauseServer, true, ""},
		"invalid_auth": {event.CauseAuth, false, bot}, "not_authed": {event.CauseAuth, false, bot}, "token_revoked": {event.CauseAuth, false, bot},
		"token_expired": {event.CauseAuth, false, bot}, "account_inactive": {event.CauseAuth, false, bot},
		"missing_scope": {event.CauseAuth, false, "; add the scope chat:write to the app and install it again"},
		"no_permission": {event.CauseAuth, false, ""}, "access_denied": {event.CauseAuth, false, ""}, "ekm_access_denied": {event.CauseAuth, false, ""}, "org_login_required": {event.CauseAuth, false, ""},
		"channel_not_found":                 {event.CauseClient, false, "; check the name of #sales; for a private channel, invite the bot first"},
		"not_in_channel":                    {event.CauseClient, false, "; invite the bot to #sales"},
		"is_archived":                       {event.CauseClient, false, "; #sales is archived: unarchive it or use another"},
		"channel_is_archived":               {event.CauseClient, false, "; #sales is archived: unarchive it or use another"},
		"restricted_action":                 {event.CauseClient, false, "; the workspace does not let this bot write to #sales"},
		"action_prohibited":                 {event.CauseClient, false, "; the workspace does not let this bot write to #sales"},
		"posting_to_general_channel_denied": {event.CauseClient, false, "; the workspace does not let this bot write to #sales"},
		"invalid_blocks":                    {event.CauseClient, false, "; try the blocks in Slack's Block Kit Builder"},
		"invalid_blocks_format":             {event.CauseClient, false, "; try the blocks in Slack's Block Kit Builder"},
		"no_service":                        {event.CauseClient, false, away}, "no_active_hooks": {event.CauseClient, false, away}, "invalid_token": {event.CauseClient, false, away}, "no_team": {event.CauseClient, false, away},
		"anything_new": {event.CauseClient, false, ""},
	} {
		f := answered(t, 200, nil, `{"ok":false,"error":"`+code+`"}`)
		got := event.Failure{Cause: f.Cause, Retry: f.Retry, Text: f.Text, Arrival: f.Arrival, RetryAfter: f.RetryAfter}
		if diff := cmp.Diff(event.Failure{Cause: want.cause, Retry: want.retry, Text: "slack answered " + code + want.hint, Arrival: event.Answered}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", code, diff)
		}
	}
	f := answered(t, 200, nil, `{"ok":false,"error":"invalid_blocks","response_metadata":{"messages":["[ERROR] no such field","[ERROR] `+token+`"]}}`)
	if f.Text != "slack answered invalid_blocks: [ERROR] no such field [ERROR] [redacted]; try the blocks in Slack's Block Kit Builder" {
		t.Errorf("it says %q", f.Text)
	}
	f = answered(t, 200, http.Header{"Retry-After": {"7"}}, `{"ok":false,"error":"ratelimited"}`)
	if f.RetryAfter != 7*time.Second {
		t.Errorf("retry after %s", f.RetryAfter)
	}
}

// TestRepliesThatAreNotSlacks: a page of a proxy, or half a reply, leaves open
// whether the message arrived.
func TestRepliesThatAreNotSlacks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		header http.Header
		body   string
		want   event.Failure
		text   string
	}{
		"page":        {200, http.Header{"Content-Type": {"text/html"}}, "<html>", event.Failure{Cause: event.CauseServer, Retry: true, Arrival: event.ArrivalUnknown}, "slack sent a reply that is not the expected JSON"},
		"half":        {200, nil, `{"ok":`, event.Failure{Cause: event.CauseServer, Retry: true, Arrival: event.ArrivalUnknown}, "slack sent a reply that is not the expected JSON"},
		"broken":      {500, nil, "internal_error", event.Failure{Cause: event.CauseServer, Retry: true}, ": internal_error"},
		"broken page": {502, http.Header{"Content-Type": {"text/html; charset=utf-8"}}, "<html>Bad gateway</html>", event.Failure{Cause: event.CauseServer, Retry: true}, ""},
		"refused":     {403, nil, "invalid_auth", event.Failure{Cause: event.CauseAuth}, ": invalid_auth; set the connection's token to a current bot token"},
		"secret":      {400, nil, "what is " + token + "?", event.Failure{Cause: event.CauseClient}, ": what is [redacted]?"},
	} {
		f := answered(t, c.status, c.header, c.body)
		if f.Cause != c.want.Cause || f.Retry != c.want.Retry || c.want.Arrival != "" && f.Arrival != c.want.Arrival || !strings.HasSuffix(f.Text, c.text) || strings.Contains(f.Text, "<") {
			t.Errorf("%s: %+v; want %+v, %q", name, f, c.want, c.text)
		}
	}
}
