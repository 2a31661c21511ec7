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

// Options say which Gavel to ask, and how.
type Options struct {
	// URL is the console address of the server: http://127.0.0.1:8081, or
	// https://… of a proxy in front of it, with a path if it has one there.
	URL string
	// Token is the console token of the server; empty if it has none.
	Token string
	// PlainToken allows to send Token over plain HTTP to another machine, where
	// everybody on the way can read it.
	PlainToken bool
	// CA holds certificates in PEM to believe in besides those of the system.
	CA []byte
	// Version is that of the program that asks.
	Version string
}

// Client asks one Gavel. It is safe for concurrent use.
type Client struct {
	base  *url.URL
	token string
	agent string
	http  *http.Client
}

// Limits of the connection. An answer that takes long to make, such as that of
// an erasure, is waited for as long as the context allows.
const (
	dialPatience   = 10 * time.Second
	answerPatience = 30 * time.Second
	largestAnswer  = 64 << 20
)

// New returns a Client. It does not ask anything yet.
func New(o Options) (*Client, error) {
	base, err := parseAddress(o.URL)
	if err != nil {
		return nil, err
	}
	if o.Token != "" && base.Scheme == "http" && !o.PlainToken && !isLoopback(base.Hostname()) {
		return nil, fmt.Errorf("%s: %w", base, ErrPlainToken)
	}
	if strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, errors.New("the token holds a space, a line break or a letter that no header can carry")
	}
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(o.CA) > 0 {
		if trust.RootCAs, err = x509.SystemCertPool(); err != nil {
			return nil, fmt.Errorf("certificates of the system: %w", err)
		}
		if !trust.RootCAs.AppendCertsFromPEM(o.CA) {
			return nil, errors.New("the file of authorities holds no certificate in PEM")
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
			// Nothing is followed to where it was not asked to go.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Close frees the connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Address is the server's, for messages.
func (c *Client) Address() string { return c.base.String() }

// parseAddress takes nothing but a scheme, a host and a path.
func parseAddress(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	// What is wrong is not repeated: it may hold a password.
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, errors.New("the address of the server is not understood; write http://127.0.0.1:8081 or https://gavel.acme.example")
	case u.User != nil:
		return nil, errors.New("the address of the server holds a user or a password, which would show in lists of processes; give the token by itself")
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return nil, errors.New("the address of the server ends before ? and #")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// at is an address below /api/v1. Parts may hold any text.
func (c *Client) at(query url.Values, parts ...string) string {
	var b strings.Builder
	b.WriteString(c.base.String())
	b.WriteString("/api/v1")
	for _, part := range parts {
		part = url.PathEscape(part)
		if strings.Trim(part, ".") == "" {
			part = strings.ReplaceAll(part, ".", "%2E") // or proxies take it for a step
		}
		b.WriteString("/" + part)
	}
	if len(query) > 0 {
		b.WriteString("?" + query.Encode())
	}
	return b.String()
}

// get reads an answer into out within the usual time.
func (c *Client) get(ctx context.Context, out any, query url.Values, parts ...string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, answerPatience, errSlow)
	defer cancel()
	return c.do(ctx, exchange{method: http.MethodGet, address: c.at(query, parts...), out: out})
}

// patiently is get for answers that take long to make.
func (c *Client) patiently(ctx context.Context, out any, query url.Values, parts ...string) error {
	return c.do(ctx, exchange{method: http.MethodGet, address: c.at(query, parts...), out: out})
}

// post sends in, if it is not nil, and reads the answer into out, if that is
// not nil. It waits as long as ctx allows.
func (c *Client) post(ctx context.Context, in, out any, parts ...string) error {
	return c.do(ctx, exchange{method: http.MethodPost, address: c.at(nil, parts...), in: in, out: out})
}
