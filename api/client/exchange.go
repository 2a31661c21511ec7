package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/gavel-rules/gavel/api"
)

// exchange is one request and its response.
type exchange struct {
	method, address string
	in, out         any
	text            *[]byte // for a response that is not JSON
	probe           bool    // a probe: 503 is a response too, and it names no version
}

func (c *Client) do(ctx context.Context, x exchange) error {
	res, err := c.send(ctx, x, "application/json")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, largestAnswer+1))
	switch {
	case err != nil:
		return c.unreachable(ctx, err)
	case len(body) > largestAnswer:
		return fmt.Errorf("%s: the response is larger than %d MB; request less", c.base, largestAnswer>>20)
	case x.text != nil:
		*x.text = body
		return nil
	case x.out == nil:
		return nil
	}
	if err := json.Unmarshal(body, x.out); err != nil {
		return fmt.Errorf("%s: %w", c.base, &versionError{theirs: res.Header.Get(api.VersionHeader), ours: c.agent, cause: err})
	}
	return nil
}

// send returns a successful response, whose body the caller closes.
func (c *Client) send(ctx context.Context, x exchange, accept string) (*http.Response, error) {
	var in io.Reader
	if x.in != nil {
		raw, err := json.Marshal(x.in)
		if err != nil {
			return nil, fmt.Errorf("write the request: %w", err)
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, x.method, x.address, in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.base, err)
	}
	req.Header.Set("Accept", accept+", application/problem+json")
	req.Header.Set("User-Agent", c.agent)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	if err := c.judge(res, x); err != nil {
		_ = res.Body.Close() // the rest of it does not matter
		return nil, err
	}
	return res, nil
}

// judge returns the error for an unsuccessful response.
func (c *Client) judge(res *http.Response, x exchange) error {
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")) // an invalid one matches none of those below
	theirs := res.Header.Get(api.VersionHeader)
	switch {
	case res.StatusCode >= 300 && res.StatusCode < 400:
		return fmt.Errorf("%s: %w", c.base, &redirectError{to: res.Header.Get("Location")})
	case kind == "application/problem+json":
		return c.problem(res, x)
	case x.probe && kind == "application/json" && (res.StatusCode == http.StatusOK || res.StatusCode == http.StatusServiceUnavailable):
	case theirs == "" || res.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: %w (%d %s)", c.base, ErrNotGavel, res.StatusCode, clean(kind))
	}
	return nil
}

func (c *Client) problem(res *http.Response, x exchange) error {
	raw, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	var p api.Problem
	if err != nil || json.Unmarshal(raw, &p) != nil {
		return fmt.Errorf("%s: %w (%d)", c.base, ErrNotGavel, res.StatusCode)
	}
	switch {
	case res.StatusCode == http.StatusUnauthorized && c.token == "":
		return fmt.Errorf("%s: %w", c.base, ErrNoToken)
	case res.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("%s: %w", c.base, ErrWrongToken)
	case p.Type == api.UnknownAddress:
		return fmt.Errorf("%s: %w", c.base, &versionError{
			theirs: res.Header.Get(api.VersionHeader), ours: c.agent,
			cause: fmt.Errorf("unknown request %s %s", x.method, strings.TrimPrefix(res.Request.URL.Path, c.base.Path)),
		})
	}
	return &answerError{status: res.StatusCode, detail: clean(p.Detail), address: c.base.String()}
}

// clean makes a server's text safe for a terminal.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 {
			return '\uFFFD'
		}
		return r
	}, text)
	const most = 4000
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}
