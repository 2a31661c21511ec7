package httpcall

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/event"
)

// tokenAuth caches a token until it expires or is rejected. Only one call at a
// time requests a new one; the others wait for it.
type tokenAuth struct {
	client   *Client
	endpoint *url.URL
	fetch    func(ctx context.Context) (*oauth2.Token, error)
	turn     chan struct{} // a mutex for token that can be waited for with ctx
	token    *oauth2.Token
}

func newTokenAuth(cl *Client, endpoint *url.URL, fetch func(context.Context) (*oauth2.Token, error)) *tokenAuth {
	t := &tokenAuth{client: cl, endpoint: endpoint, fetch: fetch, turn: make(chan struct{}, 1)}
	t.turn <- struct{}{}
	return t
}

func (t *tokenAuth) pass(ctx context.Context) (pass, error) {
	select {
	case <-t.turn:
		defer func() { t.turn <- struct{}{} }()
	case <-ctx.Done():
		return pass{}, outbound.NetworkFailure(ctx, t.endpoint.Host, ctx.Err())
	}
	if !t.token.Valid() {
		token, err := t.request(ctx)
		if err != nil {
			return pass{}, err
		}
		t.token = token
	}
	p := pass{header: "Authorization", value: t.token.Type() + " " + t.token.AccessToken}
	if raw, ok := t.token.Extra("instance_url").(string); ok && raw != "" {
		u, err := parseAddress(raw)
		if err != nil || (u.Scheme == "http" && t.endpoint.Scheme == "https") {
			return pass{}, event.Failf(event.CauseServer, false, "%s returned an invalid instance_url", t.endpoint.Host)
		}
		p.instance = u
	}
	return p, nil
}

// refused drops the token, unless another call has already replaced it.
func (t *tokenAuth) refused(p pass) bool {
	<-t.turn
	defer func() { t.turn <- struct{}{} }()
	if t.token != nil && p.value == t.token.Type()+" "+t.token.AccessToken {
		t.token = nil
	}
	return true
}

func (t *tokenAuth) request(ctx context.Context) (*oauth2.Token, error) {
	tc := &tokenClient{
		ctx: outbound.Allow(ctx, t.endpoint), transport: t.client.transport, userAgent: t.client.userAgent,
	}
	hc := &http.Client{
		Transport:     tc,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	token, err := t.fetch(context.WithValue(ctx, oauth2.HTTPClient, hc))
	if err == nil && token.AccessToken == "" {
		err = errors.New("no access_token")
	}
	if err == nil {
		return token, nil
	}
	peer := "the token endpoint " + t.endpoint.Host
	var refused *oauth2.RetrieveError
	switch {
	case tc.err != nil:
		return nil, outbound.NetworkFailure(ctx, peer, tc.err)
	case ctx.Err() != nil:
		return nil, outbound.NetworkFailure(ctx, peer, ctx.Err())
	case errors.As(err, &refused) && refused.Response != nil:
		return nil, t.refusal(peer, refused)
	}
	return nil, event.Failf(event.CauseServer, true, "%s returned no usable token", peer)
}

func (t *tokenAuth) refusal(peer string, e *oauth2.RetrieveError) *event.Failure {
	code, words := e.ErrorCode, e.ErrorDescription
	if code == "" {
		var reply struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
		}
		// A reply of another shape has no text worth showing.
		_ = json.Unmarshal(e.Body, &reply)
		code, words = reply.Error, reply.Description
	}
	detail := code
	if words != "" {
		detail += " (" + words + ")"
	}
	f := outbound.StatusFailure(peer, e.Response.StatusCode, e.Response.Header, outbound.Excerpt([]byte(detail), t.client.redact.Text), time.Now())
	if !f.Retry {
		f.Cause = event.CauseAuth
	}
	return f
}
