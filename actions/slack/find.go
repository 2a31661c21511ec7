package slack

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	slackgo "github.com/slack-go/slack"

	"github.com/gavel-rules/gavel/event"
)

// The metadata of a message that is kept up to date.
const (
	metadataType = "gavel_message"
	keyField     = "gavel_key" // of the message
	runField     = "gavel_run" // of the action of the run that sent it or changed it last
)

const (
	findPages   = 20  // of messages or channels that are looked through
	findPerPage = 100 // messages
	listPerPage = 1000
	// clockSkew is how far the clocks of Slack and this machine may differ.
	clockSkew = 2 * time.Minute
)

// located is a message that was found.
type located struct{ channel, ts, run string }

// errNotListed says that a channel is not among those that the token sees.
var errNotListed = errors.New("the channel is not among those that the token may list")

// find looks for a message that an earlier try may have sent: in the thread of
// w, or in the channel. nil means that there is none, or that it is not known;
// a note then says why. The error is a failure that may pass.
func (l *life) find(ctx context.Context, w whereabouts, is func(key, run string) bool) (*located, error) {
	channel, err := w.Channel, error(nil)
	if channel == "" {
		channel, err = l.channelID(ctx)
	}
	oldest, latest := stamp(l.From.Add(-clockSkew)), stamp(l.To.Add(clockSkew))
	cursor := ""
	for page := 0; err == nil; page++ {
		if page == findPages {
			err = fmt.Errorf("there are more than %d messages since", findPages*findPerPage)
			break
		}
		var list []slackgo.Message
		if list, cursor, err = l.page(ctx, channel, w.TS, oldest, latest, cursor); err != nil {
			break
		}
		for i := range list {
			m := list[i].Metadata
			key, _ := m.EventPayload[keyField].(string)
			run, _ := m.EventPayload[runField].(string)
			if m.EventType == metadataType && is(key, run) {
				return &located{channel, list[i].Timestamp, run}, nil
			}
		}
		if cursor == "" {
			l.From, l.To = time.Time{}, time.Time{}
			return nil, nil
		}
	}
	return nil, l.notFound(err)
}

// notFound is a failure if it may pass that one cannot look; else a note says
// why one cannot.
func (l *life) notFound(err error) error {
	var f *event.Failure
	if errors.As(err, &f) && (f.Retry || f.Cause == event.CauseAuth && !strings.Contains(f.Text, "missing_scope")) {
		f.Arrival = event.ArrivalNotSent // only looked
		return f
	}
	why := err.Error()
	if f != nil && strings.Contains(f.Text, "missing_scope") {
		why = "slack answered missing_scope; add the scopes channels:history and channels:read (groups:… for private channels, im:… for direct messages) to the app and install it again"
	}
	l.note("an earlier try may have posted the message too; that could not be looked up: " + why)
	return nil
}

// page returns some messages of a channel or thread, newest first.
func (l *life) page(ctx context.Context, channel, thread, oldest, latest, cursor string) (list []slackgo.Message, next string, err error) {
	c, err := l.call(ctx)
	if err != nil {
		return nil, "", err
	}
	c.limit = longestList
	if thread != "" {
		list, _, next, err = c.api().GetConversationRepliesContext(ctx, &slackgo.GetConversationRepliesParameters{
			ChannelID: channel, Timestamp: thread, Oldest: oldest, Latest: latest, Cursor: cursor, Limit: findPerPage, Inclusive: true, IncludeAllMetadata: true,
		})
	} else {
		var answer *slackgo.GetConversationHistoryResponse
		answer, err = c.api().GetConversationHistoryContext(ctx, &slackgo.GetConversationHistoryParameters{
			ChannelID: channel, Oldest: oldest, Latest: latest, Cursor: cursor, Limit: findPerPage, Inclusive: true, IncludeAllMetadata: true,
		})
		if err == nil {
			list, next = answer.Messages, answer.ResponseMetaData.NextCursor
		}
	}
	if err != nil {
		return nil, "", c.failed(c.failure(ctx, err, l.Channel))
	}
	return list, next, nil
}

var (
	isChannelID = regexp.MustCompile(`^[CDG][A-Z0-9]{6,}$`)
	isUserID    = regexp.MustCompile(`^[UW][A-Z0-9]{6,}$`)
)

// knownChannels are the ids of channels by name.
type knownChannels struct{ ids sync.Map }

// channelID returns the id of the message's channel, which may be given by name
// or be a user.
func (l *life) channelID(ctx context.Context) (string, error) {
	if isChannelID.MatchString(l.Channel) {
		return l.Channel, nil
	}
	if id, ok := l.client.known.ids.Load(l.Channel); ok {
		text, _ := id.(string)
		return text, nil
	}
	if isUserID.MatchString(l.Channel) {
		c, err := l.call(ctx)
		if err != nil {
			return "", err
		}
		channel, _, _, err := c.api().OpenConversationContext(ctx, &slackgo.OpenConversationParameters{Users: []string{l.Channel}})
		if err != nil {
			return "", c.failed(c.failure(ctx, err, l.Channel))
		}
		return channel.ID, nil
	}
	cursor := ""
	for range findPages {
		c, err := l.call(ctx)
		if err != nil {
			return "", err
		}
		c.limit = longestList
		list, next, err := c.api().GetConversationsContext(ctx, &slackgo.GetConversationsParameters{
			Cursor: cursor, Limit: listPerPage, ExcludeArchived: true, Types: []string{"public_channel", "private_channel"},
		})
		if err != nil {
			return "", c.failed(c.failure(ctx, err, l.Channel))
		}
		for i := range list {
			if list[i].Name == strings.TrimPrefix(l.Channel, "#") {
				return list[i].ID, nil
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	return "", errNotListed
}

// stamp is a time as a timestamp of Slack.
func stamp(t time.Time) string { return fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000) }

// learn keeps the id of a channel that was given by name.
func (c *Client) learn(name, id string) { c.known.ids.Store(name, id) }
