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

	"github.com/gavel-rules/gavel/event"
)

// Errors of the connection. Returned errors wrap one of them and name the
// address.
var (
	ErrUnreachable = errors.New("no response")
	ErrUntrusted   = errors.New("certificate not trusted")
	ErrNoToken     = errors.New("a token is required")
	ErrWrongToken  = errors.New("token rejected")
	ErrPlainToken  = errors.New("the token would be sent unencrypted over HTTP to another machine")
	ErrNotGavel    = errors.New("not the console address of a Gavel")
	ErrRedirect    = errors.New("redirect not followed")
	ErrVersion     = errors.New("different version")
)

var errSlow = fmt.Errorf("no answer within %s", answerPatience)

// unreachable returns the error for a call without a response.
func (c *Client) unreachable(ctx context.Context, err error) error {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err // without the whole address a second time
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		err = op.Err // the address is named already
	}
	switch {
	case errors.Is(context.Cause(ctx), errSlow):
		return fmt.Errorf("%s: %w: %w", c.base, ErrUnreachable, errSlow)
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &authority), errors.As(err, &host), errors.As(err, &invalid):
		return fmt.Errorf("%s: %w: %w", c.base, ErrUntrusted, err)
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return fmt.Errorf("%s: %w: it does not use HTTPS", c.base, ErrNotGavel)
	case strings.Contains(err.Error(), "malformed HTTP"):
		return fmt.Errorf("%s: %w: it does not use HTTP", c.base, ErrNotGavel)
	}
	return fmt.Errorf("%s: %w: %w", c.base, ErrUnreachable, err)
}

// answerError is an error with the server's text.
type answerError struct {
	status          int
	detail, address string
}

func (e *answerError) Error() string {
	if e.detail == "" {
		return fmt.Sprintf("%s: %d %s", e.address, e.status, http.StatusText(e.status))
	}
	if e.Unwrap() == nil {
		return e.address + ": " + e.detail
	}
	return e.detail
}

// Unwrap returns the kind of error for the status.
func (e *answerError) Unwrap() error {
	switch e.status {
	case http.StatusBadRequest:
		return event.ErrInvalid
	case http.StatusNotFound:
		return event.ErrNotFound
	case http.StatusConflict:
		return event.ErrConflict
	}
	return nil
}

// versionError is a response that this program does not understand, or a request
// that the server does not.
type versionError struct {
	theirs, ours string
	cause        error
}

func (e *versionError) Error() string {
	theirs := "an unknown version"
	if e.theirs != "" {
		theirs = "gavel/" + clean(e.theirs)
	}
	return fmt.Sprintf("%v (%s; this is %s): %v", ErrVersion, theirs, e.ours, e.cause)
}

// Unwrap makes it an ErrVersion.
func (e *versionError) Unwrap() error { return ErrVersion }

// redirectError is a redirect.
type redirectError struct{ to string }

func (e *redirectError) Error() string {
	to, err := url.Parse(e.to)
	if err != nil || to.Host == "" {
		return ErrRedirect.Error()
	}
	return fmt.Sprintf("%v: to %s://%s", ErrRedirect, clean(to.Scheme), clean(to.Host))
}

// Unwrap makes it an ErrRedirect.
func (e *redirectError) Unwrap() error { return ErrRedirect }
