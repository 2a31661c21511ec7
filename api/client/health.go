package client

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// Readiness is what a server says of itself. Checks have what keeps it from
// accepting events, by part; empty texts are fine. Warnings keep it from nothing.
type Readiness struct {
	Ready    bool              `json:"ready"`
	Checks   map[string]string `json:"checks"`
	Warnings map[string]string `json:"warnings"`
}

// Alive returns nil if the process answers, whether or not it can do its work.
func (c *Client) Alive(ctx context.Context) error {
	var out struct{ Status string }
	if err := c.probe(ctx, "healthy", &out); err != nil {
		return err
	}
	if out.Status != "ok" {
		return fmt.Errorf("%s: %w", c.base, ErrNotGavel)
	}
	return nil
}

// Ready returns whether the server can store events, and why not.
func (c *Client) Ready(ctx context.Context) (*Readiness, error) {
	out := new(Readiness)
	if err := c.probe(ctx, "ready", out); err != nil {
		return nil, err
	}
	if out.Checks == nil {
		return nil, fmt.Errorf("%s: %w", c.base, ErrNotGavel)
	}
	for _, texts := range []map[string]string{out.Checks, out.Warnings} {
		for part, text := range texts {
			texts[part] = clean(strings.TrimSpace(text))
		}
	}
	return out, nil
}

func (c *Client) probe(ctx context.Context, name string, out any) error {
	return c.do(ctx, exchange{method: http.MethodGet, address: c.base.String() + "/-/" + name, out: out, probe: true})
}
