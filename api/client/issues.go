package client

import (
	"context"
	"net/url"
	"strings"

	"github.com/gavel-rules/gavel/api"
)

// Issues lists issues: the open ones first, then those that are muted.
func (c *Client) Issues(ctx context.Context, q api.IssueQuery) ([]api.Issue, error) {
	query := url.Values{}
	var states []string
	for _, s := range q.States {
		states = append(states, string(s))
	}
	set(query, "state", strings.Join(states, ","))
	set(query, "rule", q.Rule)
	set(query, "connection", q.Connection)
	var out api.Page[api.Issue]
	err := c.get(ctx, &out, query, "issues")
	return out.Items, err
}

// Issue returns an issue with its failed runs; cursor continues their list.
func (c *Client) Issue(ctx context.Context, id, cursor string) (*api.IssueDetail, error) {
	if err := named("issue", id); err != nil {
		return nil, err
	}
	query := url.Values{}
	set(query, "cursor", cursor)
	var out api.IssueDetail
	return &out, c.get(ctx, &out, query, "issues", id)
}

// ResolveIssue acknowledges the failures of an issue.
func (c *Client) ResolveIssue(ctx context.Context, id string, r api.ResolveRequest) (*api.Issue, error) {
	return c.changeIssue(ctx, id, "resolve", r)
}

// MuteIssue keeps an issue from counting as trouble until a time.
func (c *Client) MuteIssue(ctx context.Context, id string, r api.MuteRequest) (*api.Issue, error) {
	return c.changeIssue(ctx, id, "mute", r)
}

// UnmuteIssue ends the mute of an issue.
func (c *Client) UnmuteIssue(ctx context.Context, id string) (*api.Issue, error) {
	return c.changeIssue(ctx, id, "unmute", nil)
}

func (c *Client) changeIssue(ctx context.Context, id, verb string, in any) (*api.Issue, error) {
	if err := named("issue", id); err != nil {
		return nil, err
	}
	var out api.Issue
	return &out, c.post(ctx, in, &out, "issues", id, verb)
}

// RetryIssue retries the failing runs of an issue; without r.Confirm it only
// returns which.
func (c *Client) RetryIssue(ctx context.Context, id string, r api.RetryRequest) (*api.IssueRetry, error) {
	if err := named("issue", id); err != nil {
		return nil, err
	}
	var out api.IssueRetry
	return &out, c.post(ctx, r, &out, "issues", id, "retry")
}

// Acknowledge takes a failed run out of those that its issue counts as failing.
func (c *Client) Acknowledge(ctx context.Context, runID string) error {
	return c.change(ctx, runID, "acknowledge")
}
