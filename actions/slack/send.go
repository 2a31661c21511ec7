package slack

import (
	"context"
	"encoding/json"
	"slices"

	slackgo "github.com/slack-go/slack"

	"github.com/gavel-rules/gavel/rules/params"
)

// message is the effect: one message to send. Its JSON is the preview.
type message struct {
	Channel        string            `json:"channel,omitempty"`
	Text           string            `json:"text,omitempty"`
	Blocks         []json.RawMessage `json:"blocks,omitempty"`
	ThreadTS       string            `json:"thread_ts,omitempty"`
	ReplyBroadcast bool              `json:"reply_broadcast,omitempty"`
	Username       string            `json:"username,omitempty"`
	IconEmoji      string            `json:"icon_emoji,omitempty"`
	UnfurlLinks    bool              `json:"unfurl_links,omitempty"`
	Living         any               `json:"living,omitempty"` // true or "thread"
	// Cut says what was shortened; it is not sent.
	Cut []string `json:"cut,omitempty"`

	client *Client
	said   []string // what happened to a living message
}

// Notes implements rules.Noted.
func (m *message) Notes() []string { return append(slices.Clone(m.Cut), m.said...) }

// Do posts the message.
func (m *message) Do(ctx context.Context, d params.Delivery) (any, error) {
	c := &call{client: m.client, delivery: d}
	if m.client.webhook != "" {
		return m.postWebhook(ctx, c)
	}
	if d.Life != nil {
		return (&life{message: m, Life: d.Life, delivery: d}).do(ctx)
	}
	channel, ts, err := c.api().PostMessageContext(ctx, m.Channel, m.options()...)
	if err != nil {
		return nil, c.failed(c.failure(ctx, err, m.Channel))
	}
	return &Result{TS: ts, Channel: channel, Cut: m.Cut}, nil
}

// api returns the library's client for one call.
func (c *call) api() *slackgo.Client {
	return slackgo.New(c.client.token, slackgo.OptionAPIURL(c.client.api), slackgo.OptionHTTPClient(c.http()))
}

func (m *message) options() []slackgo.MsgOption {
	// The text was escaped when it was rendered.
	opts := []slackgo.MsgOption{slackgo.MsgOptionText(m.Text, false)}
	if len(m.Blocks) > 0 {
		opts = append(opts, slackgo.MsgOptionBlocks(m.blockSet()...))
	}
	if m.ThreadTS != "" {
		opts = append(opts, slackgo.MsgOptionTS(m.ThreadTS))
		if m.ReplyBroadcast {
			opts = append(opts, slackgo.MsgOptionBroadcast())
		}
	}
	if m.Username != "" {
		opts = append(opts, slackgo.MsgOptionUsername(m.Username))
	}
	if m.IconEmoji != "" {
		opts = append(opts, slackgo.MsgOptionIconEmoji(m.IconEmoji))
	}
	if m.UnfurlLinks {
		return append(opts, slackgo.MsgOptionEnableLinkUnfurl())
	}
	return append(opts, slackgo.MsgOptionDisableLinkUnfurl(), slackgo.MsgOptionDisableMediaUnfurl())
}

func (m *message) postWebhook(ctx context.Context, c *call) (any, error) {
	msg := &slackgo.WebhookMessage{
		Text: m.Text, Username: m.Username, IconEmoji: m.IconEmoji, ThreadTimestamp: m.ThreadTS,
		ReplyBroadcast: m.ReplyBroadcast, UnfurlLinks: &m.UnfurlLinks, UnfurlMedia: &m.UnfurlLinks,
	}
	if len(m.Blocks) > 0 {
		msg.Blocks = &slackgo.Blocks{BlockSet: m.blockSet()}
	}
	if err := slackgo.PostWebhookCustomHTTPContext(ctx, m.client.webhook, c.http(), msg); err != nil {
		return nil, c.failed(c.failure(ctx, err, ""))
	}
	if f := c.webhookFailure(); f != nil {
		return nil, c.failed(f)
	}
	return &Result{Cut: m.Cut}, nil
}

func (m *message) blockSet() []slackgo.Block {
	set := make([]slackgo.Block, len(m.Blocks))
	for i, raw := range m.Blocks {
		set[i] = rawBlock{raw}
	}
	return set
}

// rawBlock passes a block through the library unchanged, so that blocks newer
// than the library work.
type rawBlock struct{ json.RawMessage }

// BlockType is not used when sending.
func (rawBlock) BlockType() slackgo.MessageBlockType { return "" }

// ID is not used when sending.
func (rawBlock) ID() string { return "" }
