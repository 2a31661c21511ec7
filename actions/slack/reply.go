package slack

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	slackgo "github.com/slack-go/slack"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/event"
)

// longestReply, in bytes, is far more than chat.postMessage returns; longestList
// is that for a page of messages or channels.
const (
	longestReply = 1 << 20
	longestList  = 16 << 20
)

type limitedBody struct {
	io.Reader
	io.Closer
}

func boundedBody(r io.Reader, c io.Closer, limit int64) io.ReadCloser {
	return limitedBody{Reader: io.LimitReader(r, limit), Closer: c}
}

// readExcerpt returns the start of an error reply, whose body the library does
// not read. It is empty for HTML.
func (c *call) readExcerpt(resp *http.Response) string {
	b, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		return ""
	}
	return outbound.Excerpt(b, c.client.redact.Text)
}

// failure classifies a failed call. channel is the message's channel.
func (c *call) failure(ctx context.Context, err error, channel string) *event.Failure {
	var apiErr slackgo.SlackErrorResponse
	switch {
	case errors.As(err, &apiErr):
		return c.apiFailure(apiErr, channel)
	case c.err != nil:
		return outbound.NetworkFailure(ctx, "slack", c.err)
	case c.status == 0:
		f := outbound.NetworkFailure(ctx, "slack", err)
		f.Arrival = event.ArrivalNotSent
		return f
	case c.status == http.StatusOK:
		if ctx.Err() != nil {
			return outbound.NetworkFailure(ctx, "slack", err)
		}
		return unusual("is not the expected JSON")
	}
	f := outbound.StatusFailure("slack", c.status, c.header, "", time.Now())
	f.Err = err
	if code := c.reply; code != "" {
		f.Text += ": " + code
		if hint := hintFor(code, channel); hint != "" {
			f.Text += "; " + hint
		}
	}
	return f
}

// unusual is the failure of a reply that is not from Slack, such as a proxy's
// page: whether Slack got the message is not known.
func unusual(what string) *event.Failure {
	f := event.Failf(event.CauseServer, true, "slack sent a reply that %s", what)
	f.Arrival = event.ArrivalUnknown
	return f
}

// webhookFailure reads the body of an incoming webhook's 200; nil if it is "ok",
// which means that Slack accepted the message.
func (c *call) webhookFailure() *event.Failure {
	text := strings.TrimSpace(string(c.ack))
	var reply struct {
		OK    *bool  `json:"ok"`
		Error string `json:"error"`
	}
	switch {
	case strings.EqualFold(text, "ok"):
		return nil
	case json.Unmarshal(c.ack, &reply) != nil || reply.OK == nil:
		return unusual(`is not the expected "ok"`)
	case *reply.OK:
		return nil
	}
	if reply.Error == "" {
		reply.Error = "ok: false without an error"
	}
	return c.apiFailure(slackgo.SlackErrorResponse{Err: reply.Error}, "")
}

func (c *call) apiFailure(e slackgo.SlackErrorResponse, channel string) *event.Failure {
	code := outbound.Excerpt([]byte(e.Err), c.client.redact.Text)
	f := &event.Failure{Text: "slack answered " + code, Arrival: event.Answered, Err: e}
	switch code {
	case "ratelimited", "rate_limited", "message_limit_exceeded":
		f.Cause, f.Retry = event.CauseRateLimited, true
		outbound.Heed(f, c.header, time.Now())
	case "internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org":
		f.Cause, f.Retry = event.CauseServer, true
	case "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive",
		"missing_scope", "no_permission", "access_denied", "ekm_access_denied", "org_login_required":
		f.Cause = event.CauseAuth
	default:
		f.Cause = event.CauseClient
	}
	if len(e.ResponseMetadata.Messages) > 0 {
		f.Text += ": " + outbound.Excerpt([]byte(strings.Join(e.ResponseMetadata.Messages, " ")), c.client.redact.Text)
	}
	if hint := hintFor(code, channel); hint != "" {
		f.Text += "; " + hint
	}
	return f
}

// hintFor says what to do about a common error.
func hintFor(code, channel string) string {
	if channel == "" {
		channel = "the channel"
	}
	switch code {
	case "channel_not_found":
		return "check the name of " + channel + "; for a private channel, invite the bot first"
	case "not_in_channel":
		return "invite the bot to " + channel
	case "is_archived", "channel_is_archived":
		return channel + " is archived: unarchive it or use another"
	case "restricted_action", "posting_to_general_channel_denied", "action_prohibited":
		return "the workspace does not let this bot write to " + channel
	case "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive":
		return "set the connection's token to a current bot token"
	case "missing_scope":
		return "add the scope chat:write to the app and install it again"
	case "invalid_blocks", "invalid_blocks_format":
		return "try the blocks in Slack's Block Kit Builder"
	case "no_service", "no_active_hooks", "invalid_token", "no_team":
		return "this incoming webhook no longer exists: create another"
	}
	return ""
}
