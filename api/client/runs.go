package client

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

// Runs lists runs: newest first, or, with After or OldestFirst, oldest first.
func (c *Client) Runs(ctx context.Context, f event.RunFilter) ([]*event.Run, error) {
	query := runQuery(f)
	if f.OldestFirst || f.After != "" {
		set(query, "cursor", f.After)
		return collect[*event.Run](ctx, c, f.Limit, query, "export", "runs")
	}
	set(query, "cursor", f.Before)
	return collect[*event.Run](ctx, c, f.Limit, query, "runs")
}

// FindRuns lists runs with what their events are about.
func (c *Client) FindRuns(ctx context.Context, q api.RunQuery) ([]api.ListedRun, error) {
	query := runQuery(q.RunFilter)
	set(query, "q", q.Q)
	set(query, "owner", q.Owner)
	set(query, "cursor", q.Before)
	return collect[api.ListedRun](ctx, c, q.Limit, query, "runs")
}

func runQuery(f event.RunFilter) url.Values {
	query := url.Values{}
	var states []string
	for _, s := range f.Statuses {
		states = append(states, string(s))
	}
	set(query, "status", strings.Join(states, ","))
	set(query, "rule", f.Rule)
	set(query, "event", f.EventID)
	set(query, "meeting", f.MeetingID)
	setTime(query, "since", f.Since)
	setTime(query, "until", f.Until)
	setTime(query, "due_before", f.DueBefore)
	set(query, "sort", string(f.Sort))
	if f.Shadow != nil {
		query.Set("shadow", strconv.FormatBool(*f.Shadow))
	}
	return query
}

// Run returns one run with its history.
func (c *Client) Run(ctx context.Context, id string) (*api.RunDetail, error) {
	if err := named("run", id); err != nil {
		return nil, err
	}
	var out api.RunDetail
	return &out, c.get(ctx, &out, nil, "runs", id)
}

// Retry makes an ended run due again.
func (c *Client) Retry(ctx context.Context, id string) error { return c.change(ctx, id, "retry") }

// Cancel ends a run that has not ended.
func (c *Client) Cancel(ctx context.Context, id string) error { return c.change(ctx, id, "cancel") }

// RunNow ends the wait of a run.
func (c *Client) RunNow(ctx context.Context, id string) error { return c.change(ctx, id, "run-now") }

func (c *Client) change(ctx context.Context, id, verb string) error {
	if err := named("run", id); err != nil {
		return err
	}
	return c.post(ctx, nil, nil, "runs", id, verb)
}

// MoveAll continues the waiting runs of a rule with the server's active rules.
func (c *Client) MoveAll(ctx context.Context, r api.MoveRequest) (*api.Moves, error) {
	var out api.Moves
	return &out, c.post(ctx, r, &out, "moves")
}

// Compare returns how a shadow rule differs from the rule it will replace.
func (c *Client) Compare(ctx context.Context, q api.CompareQuery) (*api.Comparison, error) {
	query := url.Values{"shadow": {q.Shadow}, "live": {q.Live}, "samples": {strconv.Itoa(q.Samples)}}
	setTime(query, "since", q.Since)
	var out api.Comparison
	return &out, c.patiently(ctx, &out, query, "comparison")
}
