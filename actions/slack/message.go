package slack

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/values"
)

const (
	mostBlocks  = 50
	longestText = 40_000
)

// Kind describes the action.
func Kind() params.Kind {
	return params.Kind{
		Name: "slack",
		Doc: "Posts a message to Slack. Values from events are shown as plain text: they cannot mention, link or format. " +
			"Links in the message are not unfurled unless unfurl_links is set.",
		New:        func() params.Params { return &settings{} },
		Connection: "slack",
		NewResult:  func() any { return &Result{} },
		Timeout:    15 * time.Second,
	}
}

// Result is what later actions can use.
type Result struct {
	// TS is the message's timestamp, for a reply in its thread. Empty with an
	// incoming webhook.
	TS      string `json:"ts" expr:"ts" doc:"Timestamp of the message, for a later reply in its thread. Empty with an incoming webhook."`
	Channel string `json:"channel" expr:"channel" doc:"Id of the channel. Empty with an incoming webhook."`
	// Did is what was done with a living message.
	Did string `json:"did,omitempty" expr:"did" doc:"What was done with a living message: posted, updated, replied, or found if an earlier try had posted it. Empty for others, and if it was left as it is."`
	// Cut says what was shortened.
	Cut []string `json:"cut" expr:"cut" doc:"What was cut because it did not fit, one sentence each; empty when nothing was."`
	eval.Failed
}

type settings struct {
	Channel        values.Text  `yaml:"channel" doc:"Channel name or id. Needed with a token; an incoming webhook has its own channel." example:"#sales-alerts"`
	Text           values.Text  `yaml:"text" doc:"Message in Slack's mrkdwn. With blocks, the text of the notification." example:"Booked: ${{ meeting.meetingInfo.meetingName }}"`
	Blocks         values.Value `yaml:"blocks" doc:"List of Block Kit blocks." example:"[{type: section, text: {type: mrkdwn, text: Hello}}]"`
	ThreadTS       values.Text  `yaml:"thread_ts" doc:"Timestamp of the message to reply to in its thread." example:"${{ actions.announce.ts }}"`
	ReplyBroadcast bool         `yaml:"reply_broadcast" doc:"Also show a reply in a thread in the channel."`
	Username       values.Text  `yaml:"username" doc:"Name to show instead of the bot's (scope chat:write.customize)."`
	IconEmoji      values.Text  `yaml:"icon_emoji" doc:"Emoji to show instead of the bot's picture." example:":calendar:"`
	UnfurlLinks    bool         `yaml:"unfurl_links" doc:"Show previews of links and media."`
	Living         string       `yaml:"living" enum:"true,false,thread" doc:"Keep one message for each meeting: the first run posts it, later runs of the rule change it (true) or reply in its thread (thread). Needs a token."`
	Per            values.Expr  `yaml:"per" type:"any" doc:"What a living message belongs to instead of the meeting: each value has one." example:"meeting.meetingOwner.userId"`
	StrikeCanceled bool         `yaml:"strike_canceled" default:"true" doc:"Whether a living message of a meeting is struck through when that is canceled."`
}

// Build checks what does not depend on an event.
func (p *settings) Build(conn any) (params.Action, error) {
	c, ok := conn.(*Client)
	if !ok {
		return nil, &params.FieldError{
			Field: "connection", Err: errors.New("a slack connection is required"),
			Hint: "add connections: { slack: { token: ... } }",
		}
	}
	switch {
	case p.Text.IsZero() && p.Blocks.IsZero():
		return nil, &params.FieldError{Field: "text", Err: errors.New("is missing"), Hint: "give text, or blocks, or both"}
	case c.webhook == "" && p.Channel.IsZero():
		return nil, &params.FieldError{Field: "channel", Err: errors.New("is missing"), Hint: `name the channel, as in "#sales-alerts"`}
	}
	err := p.checkLiving(c)
	if c.webhook != "" && !p.Channel.IsZero() {
		err = errors.Join(&params.FieldError{
			Field: "channel", Err: errors.New("cannot be set with an incoming webhook, which has its own channel"),
			Hint: "leave channel out, or use a connection with a token",
		}, err)
	}
	if err != nil {
		return nil, err
	}
	return &action{settings: *p, client: c}, nil
}

type action struct {
	settings
	client *Client
}

// Prepare renders the message for one event.
func (a *action) Prepare(s *language.Scope) (params.Effect, error) {
	m := &message{client: a.client, ReplyBroadcast: a.ReplyBroadcast, UnfurlLinks: a.UnfurlLinks, Living: a.shownLiving()}
	var err error
	plain := func(into *string, t values.Text, field string) {
		if err != nil || t.IsZero() {
			return
		}
		var v string
		if v, err = t.Render(s, nil); err != nil {
			err = fmt.Errorf("%s: %w", field, err)
			return
		}
		*into = outbound.Line(v)
	}
	plain(&m.Channel, a.Channel, "channel")
	plain(&m.ThreadTS, a.ThreadTS, "thread_ts")
	plain(&m.Username, a.Username, "username")
	plain(&m.IconEmoji, a.IconEmoji, "icon_emoji")
	if err != nil {
		return nil, err
	}
	if !a.Channel.IsZero() && m.Channel == "" {
		return nil, event.Failf(event.CauseRefused, false, "channel is empty for this event")
	}
	text, err := a.settings.Text.Render(s, mark)
	if err != nil {
		return nil, fmt.Errorf("text: %w", err)
	}
	st := &escaper{preview: s.Preview(), strike: a.strikes(s)}
	m.Text = outbound.Visible(st.message(text))
	m.Blocks, err = a.renderBlocks(s, st)
	m.Cut = st.notes
	if err != nil {
		return nil, fmt.Errorf("blocks: %w", err)
	}
	if m.Text == "" && len(m.Blocks) == 0 {
		return nil, event.Failf(event.CauseRefused, false, "the message is empty for this event")
	}
	return m, nil
}

func (a *action) renderBlocks(s *language.Scope, st *escaper) ([]json.RawMessage, error) {
	if a.Blocks.IsZero() {
		return nil, nil
	}
	tree, err := a.Blocks.Render(s, mark)
	if err != nil {
		return nil, err
	}
	if text, ok := tree.(string); ok && s.Preview() {
		raw, err := json.Marshal(escapeMarked(text, outbound.Visible))
		return []json.RawMessage{raw}, err
	}
	list, ok := tree.([]any)
	if !ok {
		return nil, event.Failf(event.CauseRefused, false, "must be a list of blocks")
	}
	if st.strike {
		list = struckBlocks(list)
	}
	if tree, err = st.escape(list, place{field: "blocks", path: "blocks"}); err != nil {
		return nil, err
	}
	out := make([]json.RawMessage, 0, len(list))
	for _, block := range tree.([]any) {
		raw, err := json.Marshal(block)
		if err != nil {
			return nil, fmt.Errorf("encode: %w", err)
		}
		out = append(out, raw)
	}
	return out, nil
}

// Aim implements params.Aimed.
func (a *action) Aim() string {
	if a.Channel.IsZero() {
		return "the channel of the webhook"
	}
	if a.Lives() {
		return a.Channel.Source() + " (living message)"
	}
	return a.Channel.Source()
}
