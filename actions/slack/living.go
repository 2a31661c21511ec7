package slack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	slackgo "github.com/slack-go/slack"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
)

// The forms of living.
const (
	livesInPlace  = "true"   // later runs change the message
	livesInThread = "thread" // later runs reply in its thread
)

// checkLiving checks what concerns a message that is kept up to date.
func (p *settings) checkLiving(c *Client) error {
	if p.Living == "false" {
		p.Living = ""
	}
	switch {
	case p.Living == "" && !p.Per.IsZero():
		return &params.FieldError{Field: "per", Err: errors.New("only a living message has it"), Hint: "add living: true, or remove per"}
	case p.Living == "":
		return nil
	case !slices.Contains([]language.Kind{language.KindText, language.KindNumber, language.KindBool, language.KindAny, language.KindNothing}, p.Per.Kind()):
		return &params.FieldError{
			Field: "per", Err: fmt.Errorf("must be text, a number, or true or false, but this is %s", p.Per.Kind()),
			Hint: "name one value, such as meeting.meetingOwner.userId",
		}
	case c.webhook != "":
		return &params.FieldError{
			Field: "living", Err: errors.New("a message of an incoming webhook cannot be changed later"),
			Hint: "use a connection with a bot token",
		}
	case p.Living == livesInThread && !p.ThreadTS.IsZero():
		return &params.FieldError{Field: "thread_ts", Err: errors.New("cannot be set with living: thread, which has a thread of its own"), Hint: "use living: true, or remove thread_ts"}
	}
	return nil
}

// Lives implements params.Living.
func (a *action) Lives() bool { return a.Living != "" }

// PerMeeting implements params.Living.
func (a *action) PerMeeting() bool { return a.Per.IsZero() }

// Belongs implements params.Living.
func (a *action) Belongs(s *language.Scope) (string, error) {
	value, err := a.Per.Key(s)
	if err == nil && value == "" {
		err = errors.New(a.Per.Source + " is absent, so there is nothing that the message could belong to")
	}
	if err != nil {
		return "", fmt.Errorf("per: %w", err)
	}
	return value, nil
}

// strikes reports whether the message is struck through for an event.
func (a *action) strikes(s *language.Scope) bool {
	if a.Living != livesInPlace || !a.PerMeeting() || !a.StrikeCanceled {
		return false
	}
	meeting := s.Meeting()
	return meeting.IsCanceled || s.Event.Type == event.TypeCanceled && meeting == s.Event.Meeting
}

// shownLiving is living as it is written in the rule.
func (a *action) shownLiving() any {
	switch a.Living {
	case "":
		return nil
	case livesInPlace:
		return true
	}
	return a.Living
}

// Does implements params.Lasting.
func (m *message) Does(exists bool) string {
	switch {
	case !exists:
		return "post"
	case m.Living == livesInThread:
		return "reply"
	}
	return "update"
}

// Found implements params.Lasting.
func (m *message) Found(where json.RawMessage) any {
	var w whereabouts
	_ = json.Unmarshal(where, &w) // nothing is found in what cannot be read
	return &Result{TS: w.TS, Channel: w.Channel}
}

// whereabouts is where a message is.
type whereabouts struct {
	Channel string `json:"channel"`
	TS      string `json:"ts"`
	// To is a hash of the channel as it was asked for.
	To string `json:"to"`
}

func hashOf(channel string) string {
	sum := sha256.Sum256([]byte(channel))
	return hex.EncodeToString(sum[:8])
}

// life sends or changes a message that is kept up to date.
type life struct {
	*message
	*params.Life
	delivery params.Delivery
	called   bool // Slack was called before
}

// call prepares the next call to Slack. All but the first wait for the limits of
// the connection.
func (l *life) call(ctx context.Context) (*call, error) {
	if l.called && l.delivery.Again != nil {
		if err := l.delivery.Again(ctx); err != nil {
			f := outbound.NetworkFailure(ctx, "slack", err)
			f.Arrival = event.ArrivalNotSent
			return nil, f
		}
	}
	l.called = true
	return &call{client: l.client, delivery: l.delivery}, nil
}

func (l *life) do(ctx context.Context) (any, error) {
	l.said = nil
	if l.Lost != "" {
		l.note(l.Lost)
		l.called = true
	}
	if l.Where == nil {
		return l.post(ctx)
	}
	var w whereabouts
	if json.Unmarshal(l.Where, &w) != nil || w.To != hashOf(l.Channel) {
		return nil, &params.Gone{Why: "its channel is another one now: a new message was posted there, the one in the other channel stays as it is"}
	}
	return l.change(ctx, w)
}

// change shows the new state of a message that is there.
func (l *life) change(ctx context.Context, w whereabouts) (any, error) {
	if l.Living == livesInThread {
		return l.reply(ctx, w)
	}
	return l.update(ctx, w)
}

// post sends the message, unless an earlier try has sent it.
func (l *life) post(ctx context.Context) (any, error) {
	if !l.From.IsZero() {
		found, sound := l.find(ctx, whereabouts{}, func(key, _ string) bool { return key == l.Key })
		switch {
		case sound != nil:
			return nil, sound
		case found != nil && found.run == l.delivery.Key:
			l.keep(found.channel, found.ts)
			l.note("an earlier try had posted it")
			return l.result(found.channel, found.ts, "found"), nil
		case found != nil:
			l.keep(found.channel, found.ts)
			return l.change(ctx, whereabouts{Channel: found.channel, TS: found.ts, To: hashOf(l.Channel)})
		}
	}
	c, err := l.call(ctx)
	if err != nil {
		return nil, err
	}
	channel, ts, err := c.api().PostMessageContext(ctx, l.Channel, append(l.options(), l.metadata())...)
	if err != nil {
		return nil, c.failed(c.failure(ctx, err, l.Channel))
	}
	l.client.learn(l.Channel, channel)
	if err := l.keep(channel, ts); err != nil {
		return nil, err
	}
	return l.result(channel, ts, "posted"), nil
}

// update changes the message.
func (l *life) update(ctx context.Context, w whereabouts) (any, error) {
	c, err := l.call(ctx)
	if err != nil {
		return nil, err
	}
	_, _, _, err = c.api().UpdateMessageContext(ctx, w.Channel, w.TS,
		slackgo.MsgOptionText(l.Text, false), slackgo.MsgOptionBlocks(l.blockSet()...), l.metadata())
	if err != nil {
		return nil, l.gone(c.failed(c.failure(ctx, err, l.Channel)))
	}
	return l.result(w.Channel, w.TS, "updated"), nil
}

// reply answers in the thread of the message. If that was deleted, Slack posts
// the reply as a message of its own, which then is the one.
func (l *life) reply(ctx context.Context, w whereabouts) (any, error) {
	if !l.From.IsZero() {
		found, sound := l.find(ctx, w, func(_, run string) bool { return run == l.delivery.Key })
		switch {
		case sound != nil:
			return nil, sound
		case found != nil:
			l.note("an earlier try had posted it")
			return l.result(found.channel, found.ts, "found"), nil
		}
	}
	c, err := l.call(ctx)
	if err != nil {
		return nil, err
	}
	c.most = longestReply
	in := *l.message
	in.ThreadTS = w.TS
	channel, ts, err := c.api().PostMessageContext(ctx, w.Channel, append(in.options(), l.metadata())...)
	if err != nil {
		return nil, l.gone(c.failed(c.failure(ctx, err, l.Channel)))
	}
	var answer struct {
		Message *struct {
			ThreadTS string `json:"thread_ts"`
		} `json:"message"`
	}
	if json.Unmarshal(c.read, &answer) == nil && answer.Message != nil && answer.Message.ThreadTS == "" {
		if err := l.keep(channel, ts); err != nil {
			return nil, err
		}
		l.note("the first message was deleted in Slack, so this one begins a new thread")
		return l.result(channel, ts, "posted"), nil
	}
	return l.result(channel, ts, "replied"), nil
}

// gone turns the failures that mean that the message cannot be changed any more
// into a *params.Gone.
func (l *life) gone(err error) error {
	var answer slackgo.SlackErrorResponse
	if !errors.As(err, &answer) {
		return err
	}
	switch answer.Err {
	case "message_not_found", "thread_not_found":
		return &params.Gone{Why: "the message was deleted in Slack: a new one was posted"}
	case "cant_update_message", "edit_window_closed":
		return &params.Gone{Why: "Slack does not let the message be changed any more (" + answer.Err + "): a new one was posted, the old one stays as it is"}
	case "channel_not_found":
		return &params.Gone{Why: "the channel of the message no longer exists or is of another workspace: a new one was posted"}
	}
	return err
}

// longestPlace bounds what is kept of Slack's answer, in bytes.
const longestPlace = 100

// keep notes where the message is.
func (l *life) keep(channel, ts string) error {
	if channel == "" || ts == "" || len(channel) > longestPlace || len(ts) > longestPlace {
		return unusual("does not say where the message is")
	}
	raw, err := json.Marshal(whereabouts{Channel: channel, TS: ts, To: hashOf(l.Channel)})
	if err == nil {
		l.Where = raw
	}
	return err
}

func (l *life) note(text string) { l.said = append(l.said, text) }

func (l *life) result(channel, ts, did string) *Result {
	return &Result{TS: ts, Channel: channel, Cut: l.Cut, Did: did}
}

// metadata makes the message recognizable.
func (l *life) metadata() slackgo.MsgOption {
	return slackgo.MsgOptionMetadata(slackgo.SlackMetadata{
		EventType: metadataType, EventPayload: map[string]any{keyField: l.Key, runField: l.delivery.Key},
	})
}
