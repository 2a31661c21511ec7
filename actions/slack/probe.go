package slack

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	slackgo "github.com/slack-go/slack"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
)

// Target implements params.Targeted.
func (a *action) Target(s *language.Scope) (string, bool) {
	if a.Channel.IsZero() || !a.Channel.Constant() {
		return "", false
	}
	channel, err := a.Channel.Render(s, nil)
	return channel, err == nil
}

// Probe implements params.Prober. It calls auth.test and, if the token may,
// lists channels.
func (c *Client) Probe(ctx context.Context, channels []string) []params.Probed {
	if c.webhook != "" {
		return c.probeWebhook(ctx)
	}
	call := &call{client: c}
	who, err := call.api().AuthTestContext(ctx)
	if err != nil {
		f := call.failure(ctx, err, "")
		if call.status == 0 {
			return []params.Probed{{Code: "reachable", Problem: true, Text: f.Error(), Do: "check that this machine may reach slack.com: name resolution, proxy, firewall"}}
		}
		return []params.Probed{{
			Code: "token", Problem: true, Text: f.Error(),
			Do: "check the token of the connection, and that the app is installed in the workspace",
		}}
	}
	found := []params.Probed{{Code: "token", Text: "the token is valid: " + who.User + " in " + who.Team}}
	if call.resp != nil {
		found = append(found, outbound.Certificate(call.resp.TLS, time.Now())...)
	}
	scopes := strings.FieldsFunc(call.header.Get("X-Oauth-Scopes"), func(r rune) bool { return r == ',' || r == ' ' })
	if len(scopes) > 0 && !slices.Contains(scopes, "chat:write") {
		return append(found, params.Probed{
			Code: "scopes", Problem: true, Text: "the token lacks the scope chat:write",
			Do: "add it to the app at api.slack.com/apps and install the app again",
		})
	}
	if len(channels) == 0 {
		return found
	}
	return append(found, c.probeChannels(ctx, channels, scopes)...)
}

// probeChannels looks for the channels among those that the token may list.
func (c *Client) probeChannels(ctx context.Context, channels, scopes []string) []params.Probed {
	if len(scopes) > 0 && !slices.Contains(scopes, "channels:read") {
		return []params.Probed{{Code: "channels", Text: "channels were not checked: the token lacks channels:read"}}
	}
	types := []string{"public_channel"}
	private := slices.Contains(scopes, "groups:read")
	if private {
		types = append(types, "private_channel")
	}
	all, err := c.listed(ctx, types)
	if err != nil {
		return []params.Probed{{Code: "channels", Text: "channels were not checked: " + err.Error()}}
	}
	anywhere := slices.Contains(scopes, "chat:write.public")
	var found []params.Probed
	for _, name := range channels {
		at := slices.IndexFunc(all, func(c slackgo.Channel) bool { return c.ID == name || c.Name == strings.TrimPrefix(name, "#") })
		switch {
		case isUserID.MatchString(name) || strings.HasPrefix(name, "D"):
			continue // a direct message
		case at < 0 && private:
			found = append(found, params.Probed{
				Code: "channel", Problem: true, Text: "there is no channel " + name,
				Do: "check the name in the rules; if the channel is private, invite the app to it",
			})
		case at < 0:
			found = append(found, params.Probed{
				Code: "channel", Warning: true, Text: "there is no public channel " + name,
				Do: "check the name in the rules; a private channel is only seen with the scope groups:read",
			})
		case !all[at].IsMember && !anywhere:
			found = append(found, params.Probed{
				Code: "channel", Problem: true, Text: "the app is not in the channel " + name,
				Do: "invite it: write /invite and its name in the channel",
			})
		default:
			found = append(found, params.Probed{Code: "channel", Text: "the app can write to " + name})
		}
	}
	return found
}

// listed returns the channels that are not archived.
func (c *Client) listed(ctx context.Context, types []string) (all []slackgo.Channel, err error) {
	cursor := ""
	for range findPages {
		call := &call{client: c, limit: longestList}
		list, next, err := call.api().GetConversationsContext(ctx, &slackgo.GetConversationsParameters{
			Cursor: cursor, Limit: listPerPage, ExcludeArchived: true, Types: types,
		})
		if err != nil {
			return nil, call.failure(ctx, err, "")
		}
		all = append(all, list...)
		if cursor = next; cursor == "" {
			break
		}
	}
	return all, nil
}

// probeWebhook only reaches the host: whatever goes to the webhook itself is a
// message.
func (c *Client) probeWebhook(ctx context.Context) []params.Probed {
	host := &url.URL{Scheme: c.endpoint.Scheme, Host: c.endpoint.Host, Path: "/"}
	req, err := http.NewRequestWithContext(outbound.Allow(ctx, c.endpoint), http.MethodHead, host.String(), http.NoBody)
	if err != nil {
		return nil
	}
	req.Header.Set("User-Agent", c.userAgent)
	resp, err := outbound.Call(c.transport, req)
	if err != nil {
		return []params.Probed{{
			Code: "reachable", Problem: true, Text: outbound.NetworkFailure(ctx, host.Host, err).Error(),
			Do: "check webhook_url, and that this machine may reach it",
		}}
	}
	resp.Body.Close()
	return append([]params.Probed{{Code: "reachable", Text: host.Host + " is reachable; whether the webhook exists shows only when a message is sent"}},
		outbound.Certificate(resp.TLS, time.Now())...)
}
