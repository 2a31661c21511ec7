package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Options configure a Client. URL is required.
type Options struct {
	// URL is the console address of the server, http://127.0.0.1:8081, or that of
	// a proxy in front of it, https://…, which may have a path.
	URL string
	// Token is the console token of the server; empty if it has none.
	Token string
	// PlainToken allows sending Token unencrypted over HTTP to another machine.
	PlainToken bool
	// CA contains PEM certificates to trust in addition to the system's.
	CA []byte
	// Version is that of this program.
	Version string
}

// Client calls the API of one server. It is safe for concurrent use.
type Client struct {
	base  *url.URL
	token string
	agent string
	http  *http.Client
}

// Limits. For slow requests, such as an erasure, only the context limits the
// time.
const (
	dialPatience   = 10 * time.Second
	answerPatience = 30 * time.Second
	largestAnswer  = 64 << 20
)

// New returns a Client. It does not connect yet. The error is ErrPlainToken if
// the token would be sent unencrypted.
func New(o Options) (*Client, error) {
	base, err := parseAddress(o.URL)
	if err != nil {
		return nil, err
	}
	if o.Token != "" && base.Scheme == "http" && !o.PlainToken && !isLoopback(base.Hostname()) {
		return nil, fmt.Errorf("%s: %w", base, ErrPlainToken)
	}
	if strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, errors.New("the token contains a space, a line break or a non-ASCII character")
	}
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(o.CA) > 0 {
		if trust.RootCAs, err = x509.SystemCertPool(); err != nil {
			return nil, fmt.Errorf("certificates of the system: %w", err)
		}
		if !trust.RootCAs.AppendCertsFromPEM(o.CA) {
			return nil, errors.New("the CA file contains no PEM certificate")
		}
	}
	return &Client{
		base: base, token: o.Token, agent: "gavel/" + o.Version,
		http: &http.Client{
			Transport: &http.Transport{
				Proxy:               http.ProxyFromEnvironment,
				DialContext:         (&net.Dialer{Timeout: dialPatience}).DialContext,
				TLSHandshakeTimeout: dialPatience, TLSClientConfig: trust, ForceAttemptHTTP2: true,
				IdleConnTimeout: time.Minute,
			},
			// Redirects are not followed.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Address returns the server's URL, for messages.
func (c *Client) Address() string { return c.base.String() }

// parseAddress accepts a URL with only a scheme, a host and a path.
func parseAddress(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	// Errors do not quote the address: it may contain a password.
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, errors.New("invalid server address; use for example http://127.0.0.1:8081 or https://gavel.acme.example")
	case u.User != nil:
		return nil, errors.New("the server address contains a user or password, which other users could see in the process list; pass the token separately")
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return nil, errors.New("the server address must not contain ? or #")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// at returns a URL below /api/v1. Parts may contain any text.
func (c *Client) at(query url.Values, parts ...string) string {
	var b strings.Builder
	b.WriteString(c.base.String())
	b.WriteString("/api/v1")
	for _, part := range parts {
		part = url.PathEscape(part)
		if strings.Trim(part, ".") == "" {
			part = strings.ReplaceAll(part, ".", "%2E") // proxies would resolve . and ..
		}
		b.WriteString("/" + part)
	}
	if len(query) > 0 {
		b.WriteString("?" + query.Encode())
	}
	return b.String()
}

// get decodes a response into out, within answerPatience.
func (c *Client) get(ctx context.Context, out any, query url.Values, parts ...string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, answerPatience, errSlow)
	defer cancel()
	return c.do(ctx, exchange{method: http.MethodGet, address: c.at(query, parts...), out: out})
}

// patiently is get without its time limit, for slow requests.
func (c *Client) patiently(ctx context.Context, out any, query url.Values, parts ...string) error {
	return c.do(ctx, exchange{method: http.MethodGet, address: c.at(query, parts...), out: out})
}

// post sends in and decodes the response into out; both may be nil. Only ctx
// limits the time.
func (c *Client) post(ctx context.Context, in, out any, parts ...string) error {
	return c.do(ctx, exchange{method: http.MethodPost, address: c.at(nil, parts...), in: in, out: out})
}
