package client

import (
	"context"
	"net/http"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

// InForce returns the rules that the server has in force, without what they
// did.
func (c *Client) InForce(ctx context.Context) (*api.RuleList, error) {
	var out api.Rules
	if err := c.get(ctx, &out, nil, "rules"); err != nil {
		return nil, err
	}
	list := &api.RuleList{Revision: out.Load.Revision, InForce: true, Loaded: out.Load.LoadedAt, Rules: []api.ListedRule{}}
	for _, r := range out.Rules {
		list.Rules = append(list.Rules, r.Listed())
	}
	return list, nil
}

// Activity tells by rule what ran.
func (c *Client) Activity(ctx context.Context) ([]event.RuleActivity, error) {
	var out api.Page[event.RuleActivity]
	if err := c.patiently(ctx, &out, nil, "rules", "activity"); err != nil {
		return nil, err
	}
	return out.Items, nil
}

// Holdings says how many events there are, and from when to when. The number
// may be some seconds old.
func (c *Client) Holdings(ctx context.Context) (api.Holdings, error) {
	var out api.Status
	err := c.get(ctx, &out, nil, "status")
	return api.Holdings{Events: out.Events, First: out.FirstEvent, Last: out.LastEvent}, err
}

// LogLevel returns what the server logs.
func (c *Client) LogLevel(ctx context.Context) (api.LogLevel, error) {
	var out api.LogLevel
	err := c.get(ctx, &out, nil, "log-level")
	return out, err
}

// SetLogLevel changes what the server logs until its next start.
func (c *Client) SetLogLevel(ctx context.Context, in api.LogLevel) error {
	ctx, cancel := context.WithTimeoutCause(ctx, answerPatience, errSlow)
	defer cancel()
	return c.do(ctx, exchange{method: http.MethodPut, address: c.at(nil, "log-level"), in: in})
}
