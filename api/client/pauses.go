package client

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

// Pauses returns what is paused and what that holds.
func (c *Client) Pauses(ctx context.Context) ([]api.Pause, error) {
	var out api.Page[api.Pause]
	err := c.get(ctx, &out, nil, "pauses")
	return out.Items, err
}

// Pause holds a rule, a connection or everything.
func (c *Client) Pause(ctx context.Context, key event.PauseKey, r api.PauseRequest) (*api.Pause, error) {
	var out api.Pause
	return &out, c.post(ctx, r, &out, append(partsOf(key), "pause")...)
}

// Resume ends a pause, or returns what would happen.
func (c *Client) Resume(ctx context.Context, key event.PauseKey, r api.ResumeRequest) (*api.Resumption, error) {
	var out api.Resumption
	return &out, c.post(ctx, r, &out, append(partsOf(key), "resume")...)
}

// partsOf are the parts of the address of what a key names.
func partsOf(key event.PauseKey) []string {
	kind, name, named := strings.Cut(string(key), "/")
	if !named {
		return nil
	}
	return []string{kind + "s", name}
}

// Scheduled returns what is to be sent, the next first.
func (c *Client) Scheduled(ctx context.Context, q api.ScheduledQuery) (*api.ScheduledPage, error) {
	query := url.Values{}
	set(query, "rule", q.Rule)
	set(query, "connection", q.Connection)
	set(query, "held", string(q.Held))
	setTime(query, "due_before", q.DueBefore)
	query.Set("limit", strconv.Itoa(q.Limit))
	var out api.ScheduledPage
	err := c.get(ctx, &out, query, "scheduled")
	return &out, err
}

// Postpone lets a run go on at another time.
func (c *Client) Postpone(ctx context.Context, id string, until time.Time) error {
	if err := named("run", id); err != nil {
		return err
	}
	return c.post(ctx, api.PostponeRequest{Until: until}, nil, "runs", id, "postpone")
}
