package client

import (
	"context"
	"strings"

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
