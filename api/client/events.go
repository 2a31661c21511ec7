package client

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
)

// pageMost is the server's largest page.
const pageMost = 500

// defaultLimit is the same as the store's.
const defaultLimit = 50

// collect follows the cursor until it has limit items.
func collect[T any](ctx context.Context, c *Client, limit int, query url.Values, list ...string) ([]T, error) {
	if limit <= 0 {
		limit = defaultLimit
	}
	items := []T{}
	for len(items) < limit {
		query.Set("limit", strconv.Itoa(min(limit-len(items), pageMost)))
		var page api.Page[T]
		if err := c.get(ctx, &page, query, list...); err != nil {
			return nil, err
		}
		items = append(items, page.Items...)
		if page.Next == "" || page.Next == query.Get("cursor") {
			break
		}
		query.Set("cursor", page.Next)
	}
	return items, nil
}

// set adds a value that is not empty.
func set(query url.Values, name, value string) {
	if value != "" {
		query.Set(name, value)
	}
}

func setTime(query url.Values, name string, at time.Time) {
	if !at.IsZero() {
		query.Set(name, at.UTC().Format(time.RFC3339Nano))
	}
}

func eventQuery(f event.EventFilter) url.Values {
	query := url.Values{}
	set(query, "type", f.Type)
	set(query, "meeting", f.MeetingID)
	setTime(query, "since", f.Since)
	setTime(query, "until", f.Until)
	return query
}

func setCursor(query url.Values, seq int64) {
	if seq > 0 {
		query.Set("cursor", strconv.FormatInt(seq, 10))
	}
}

// Events lists events, newest first.
func (c *Client) Events(ctx context.Context, f event.EventFilter) ([]api.Event, error) {
	query := eventQuery(f)
	setCursor(query, f.Before)
	return collect[api.Event](ctx, c, f.Limit, query, "events")
}

// FindEvents lists events that match what a person typed, newest first.
func (c *Client) FindEvents(ctx context.Context, q api.EventQuery) ([]api.Event, error) {
	query := eventQuery(q.EventFilter)
	set(query, "q", q.Q)
	set(query, "owner", q.Owner)
	set(query, "outcome", string(q.Fate))
	return collect[api.Event](ctx, c, q.Limit, query, "events")
}

// Export lists events with their bodies, oldest first, after f.After.
func (c *Client) Export(ctx context.Context, f event.EventFilter) ([]*event.Record, error) {
	query := eventQuery(f)
	setCursor(query, f.After)
	lines, err := collect[event.Line](ctx, c, f.Limit, query, "export", "events")
	if err != nil {
		return nil, err
	}
	records := make([]*event.Record, 0, len(lines))
	for i := range lines {
		records = append(records, decode.Record(&lines[i]))
	}
	return records, nil
}

// named rejects an empty id, whose URL would be that of the list.
func named(what, id string) error {
	if id == "" {
		return fmt.Errorf("%s %q: %w", what, id, event.ErrNotFound)
	}
	return nil
}

// Event returns one event with its body and the runs it started.
func (c *Client) Event(ctx context.Context, id string) (*api.EventDetail, error) {
	if err := named("event", id); err != nil {
		return nil, err
	}
	var out api.EventDetail
	return &out, c.get(ctx, &out, nil, "events", id)
}

// Explain returns what the rules that handled a stored event do with it, and
// what really happened.
func (c *Client) Explain(ctx context.Context, id string, q api.ExplainQuery) (*api.Explanation, error) {
	if err := named("event", id); err != nil {
		return nil, err
	}
	query := url.Values{}
	set(query, "rule", q.Rule)
	setTime(query, "at", q.At)
	var out api.Explanation
	return &out, c.get(ctx, &out, query, "events", id, "explanation")
}

// RecordTest creates a test from a stored event, as YAML without personal data.
func (c *Client) RecordTest(ctx context.Context, id string) ([]byte, error) {
	if err := named("event", id); err != nil {
		return nil, err
	}
	var out []byte
	return out, c.do(ctx, exchange{method: "GET", address: c.at(nil, "events", id, "test"), text: &out})
}

// Replay starts runs for a stored event again, with the server's active rules.
func (c *Client) Replay(ctx context.Context, id string, r api.ReplayRequest) (*api.Replay, error) {
	if err := named("event", id); err != nil {
		return nil, err
	}
	var out api.Replay
	return &out, c.post(ctx, r, &out, "events", id, "replay")
}

// Backtest runs rules over the server's stored events.
func (c *Client) Backtest(ctx context.Context, r api.BacktestRequest) (*api.BacktestAnswer, error) {
	var out api.BacktestAnswer
	return &out, c.post(ctx, r, &out, "backtests")
}

// Erase erases a person's data from the stored events.
func (c *Client) Erase(ctx context.Context, r api.EraseRequest) (*api.Erasure, error) {
	var out api.Erasure
	return &out, c.post(ctx, r, &out, "erasures")
}

// Backup writes a backup of the server's database to w. After an error it is
// incomplete.
func (c *Client) Backup(ctx context.Context, w io.Writer) error {
	res, err := c.send(ctx, exchange{method: "POST", address: c.at(nil, "backups")}, "application/vnd.sqlite3")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	n, err := io.Copy(w, res.Body)
	if err == nil && n != res.ContentLength {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return c.unreachable(ctx, fmt.Errorf("the backup was cut off after %d bytes: %w", n, err))
	}
	return nil
}
