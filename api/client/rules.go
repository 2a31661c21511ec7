package client

import (
	"context"
	"net/http"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

// InForce returns the server's active rules, without counts of their runs.
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

// Connections returns the connections of the server's active rules.
func (c *Client) Connections(ctx context.Context) ([]api.ConnectionPast, error) {
	var out api.Connections
	err := c.get(ctx, &out, nil, "connections")
	return out.Items, err
}

// Refused returns whether anything was lost or refused.
func (c *Client) Refused(ctx context.Context) (*api.Refused, error) {
	var out api.Refused
	if err := c.get(ctx, &out, nil, "refused"); err != nil {
		return nil, err
	}
	return &out, nil
}

// Connection returns one connection.
func (c *Client) Connection(ctx context.Context, name string) (*api.ConnectionDetail, error) {
	var out api.ConnectionDetail
	if err := c.get(ctx, &out, nil, "connections", name); err != nil {
		return nil, err
	}
	return &out, nil
}

// Day returns what happened over the last 24 hours.
func (c *Client) Day(ctx context.Context) (*api.Day, error) {
	var out api.Day
	return &out, c.get(ctx, &out, nil, "day")
}

// Activity returns counts of runs by rule.
func (c *Client) Activity(ctx context.Context) ([]event.RuleActivity, error) {
	var out api.Page[event.RuleActivity]
	if err := c.patiently(ctx, &out, nil, "rules", "activity"); err != nil {
		return nil, err
	}
	return out.Items, nil
}

// Apply applies a rule to meetings that were booked before it, or returns what that
// would do.
func (c *Client) Apply(ctx context.Context, rule string, r api.ApplyRequest) (*api.Application, error) {
	if err := named("rule", rule); err != nil {
		return nil, err
	}
	var out api.Application
	return &out, c.post(ctx, r, &out, "rules", rule, "apply")
}

// Status returns how the server is.
func (c *Client) Status(ctx context.Context) (*api.Status, error) {
	var out api.Status
	return &out, c.get(ctx, &out, nil, "status")
}

// Holdings returns the number of stored events and their period. The number may
// be some seconds old.
func (c *Client) Holdings(ctx context.Context) (api.Holdings, error) {
	var out api.Status
	err := c.get(ctx, &out, nil, "status")
	return api.Holdings{Events: out.Events, First: out.FirstEvent, Last: out.LastEvent}, err
}

// LogLevel returns the server's log level.
func (c *Client) LogLevel(ctx context.Context) (api.LogLevel, error) {
	var out api.LogLevel
	err := c.get(ctx, &out, nil, "log-level")
	return out, err
}

// SetLogLevel changes the server's log level until its next start.
func (c *Client) SetLogLevel(ctx context.Context, in api.LogLevel) error {
	ctx, cancel := context.WithTimeoutCause(ctx, answerPatience, errSlow)
	defer cancel()
	return c.do(ctx, exchange{method: http.MethodPut, address: c.at(nil, "log-level"), in: in})
}
