package httpcall

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/params"
)

const mostRedirects = 3

// Do sends the request.
func (r *request) Do(ctx context.Context, d params.Delivery) (any, error) {
	got, err := r.fetch(ctx, d)
	if err != nil {
		return nil, err
	}
	return got.Result, nil
}

// fetched is an expected reply: the address it came from, after redirects, and the
// credentials that were sent.
type fetched struct {
	*Result
	from *url.URL
	pass pass
}

// fetch sends the request, once more with a new token if the first was refused.
func (r *request) fetch(ctx context.Context, d params.Delivery) (fetched, error) {
	for renewed := false; ; renewed = true {
		p, base, err := r.entry(ctx)
		if err != nil {
			return fetched{}, err
		}
		result, from, status, err := r.try(ctx, d, p, base)
		if status == http.StatusUnauthorized && err != nil && r.client.auth != nil && r.client.auth.refused(p) && !renewed {
			continue
		}
		return fetched{result, from, p}, err
	}
}

// entry returns the credentials and the base address for a call.
func (r *request) entry(ctx context.Context) (pass, *url.URL, error) {
	var p pass
	if r.client.auth != nil {
		var err error
		if p, err = r.client.auth.pass(ctx); err != nil {
			return p, nil, unsent(err)
		}
	}
	base := r.client.base
	if !r.client.instance {
		return p, base, nil
	}
	if p.instance == nil {
		return p, nil, event.Failf(event.CauseServer, false, "the token reply contains no instance_url; set base_url on the connection")
	}
	at := *p.instance
	if base != nil {
		at.Path, at.RawPath = base.Path, base.RawPath
	}
	return p, &at, nil
}

// unsent marks a failure to get a token: whatever happened to the token
// request, the call itself was not sent.
func unsent(err error) error {
	var f *event.Failure
	if errors.As(err, &f) {
		f.Arrival = event.ArrivalNotSent
	}
	return err
}

// try sends the request once and follows its redirects.
func (r *request) try(ctx context.Context, d params.Delivery, p pass, base *url.URL) (*Result, *url.URL, int, error) {
	u, err := r.address(base)
	if err != nil {
		return nil, nil, 0, err
	}
	ctx = outbound.Timed(r.allow(ctx, u, p), d.Exchange)
	for hop := 0; ; hop++ {
		d.Exchange.Begin()
		resp, err := r.send(ctx, d, u, p)
		if err != nil {
			return nil, nil, 0, outbound.NetworkFailure(ctx, u.Host, err)
		}
		if next, err := r.redirect(resp, u, hop); err != nil || next != nil {
			if err != nil {
				r.noteFailure(d, resp, nil, p)
			}
			resp.Body.Close()
			if err != nil {
				return nil, nil, 0, err
			}
			u = next
			continue
		}
		result, err := r.read(ctx, d, resp, u, p)
		return result, u, resp.StatusCode, err
	}
}

// allow permits internal addresses for a host and port that the author named
// or that issued the token. Any other instance must be on the public internet.
func (r *request) allow(ctx context.Context, u *url.URL, p pass) context.Context {
	if t, ok := r.client.auth.(*tokenAuth); ok && p.instance != nil && r.client.instance && !sameAddress(t.endpoint, u) {
		return ctx
	}
	return outbound.Allow(ctx, u)
}

// send makes one call. Redirects are followed only to the same scheme, host and
// port, so credentials are sent each time.
func (r *request) send(ctx context.Context, d params.Delivery, u *url.URL, p pass) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, event.Failf(event.CauseRefused, false, "make request: %s", clean(err.Error()))
	}
	for name, value := range r.client.headers {
		req.Header.Set(name, value)
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	if p.header != "" {
		req.Header.Set(p.header, p.value)
	}
	userAgent := r.client.userAgent
	if own := req.Header.Get("User-Agent"); own != "" {
		userAgent = own
	}
	outbound.SetHeaders(req.Header, d, userAgent)
	if r.client.signingKey != nil {
		sign(req.Header, r.client.signingKey, d.Key, r.body, time.Now())
	}
	resp, err := outbound.CallInTrace(r.client.transport, req)
	r.noteSent(d, req, p)
	return resp, err
}

// redirect returns the URL to follow, or nil if resp is the final reply.
func (r *request) redirect(resp *http.Response, from *url.URL, hop int) (*url.URL, error) {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil, nil
	}
	if r.expected.has(resp.StatusCode) || (r.method != http.MethodGet && r.method != http.MethodHead) {
		return nil, nil
	}
	to, err := resp.Location()
	if err != nil {
		return nil, event.Failf(event.CauseClient, false, "%s answered %d without a Location", from.Host, resp.StatusCode)
	}
	if !sameHost(to.Host, from) || to.Scheme != from.Scheme {
		return nil, event.Failf(event.CauseRefused, false, "%s redirects to %s://%s; not followed: another address", from.Host, clean(to.Scheme), clean(to.Host))
	}
	if hop == mostRedirects {
		return nil, event.Failf(event.CauseClient, false, "%s redirects more than %d times", from.Host, mostRedirects)
	}
	return to, nil
}

// read reads the reply and turns it into a result or a failure.
func (r *request) read(ctx context.Context, d params.Delivery, resp *http.Response, u *url.URL, p pass) (*Result, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, r.maxResponse+1))
	expected := r.expected.has(resp.StatusCode)
	if err != nil && expected {
		r.noteFailure(d, resp, body, p)
		f := outbound.NetworkFailure(ctx, u.Host, fmt.Errorf("read reply: %w", err))
		if errors.Is(err, io.ErrUnexpectedEOF) {
			f.Text = fmt.Sprintf("%s cut off its reply after %d bytes", u.Host, len(body))
		}
		return nil, f
	}
	result := newResult(resp, body, r.maxResponse)
	if expected {
		r.noteSuccess(d, resp, result, p)
		return result, nil
	}
	r.noteFailure(d, resp, body, p)
	detail := outbound.Excerpt(body, r.gate(p).Text)
	f := outbound.StatusFailure(u.Host, resp.StatusCode, resp.Header, detail, time.Now())
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		f.Text += fmt.Sprintf("; redirects are not followed for %s: use the final address", r.method)
	}
	return nil, f
}

func clean(s string) string { return outbound.Excerpt([]byte(s), nil) }
