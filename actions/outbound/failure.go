package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// NetworkFailure classifies an error of a call that got no answer. The text
// names the peer and the cause, never the URL, whose query may contain personal
// data. An error from Call knows whether the request may have arrived; any
// other is assumed to mean that it may have, unless connecting failed.
func NetworkFailure(ctx context.Context, peer string, err error) *event.Failure {
	var (
		done    *event.Failure
		refused *RefusedError
		cert    *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		dns     *net.DNSError
	)
	// The URL that net/http wraps around an error may be a secret itself.
	var call *url.Error
	if errors.As(err, &call) {
		err = call.Err
	}
	arrival := arrivalOf(err)
	fail := func(c event.Cause, retry bool, format string, args ...any) *event.Failure {
		return &event.Failure{Cause: c, Retry: retry, Arrival: arrival, Text: fmt.Sprintf(format, args...), Err: err}
	}
	switch {
	case errors.As(err, &done):
		return done
	case errors.As(err, &refused):
		return fail(event.CauseRefused, false, "%s: %s", peer, refused)
	case errors.As(err, &cert):
		return fail(event.CauseRefused, false, "%s: its certificate is not trusted: %s", peer, cert.Err)
	case errors.As(err, &record):
		return fail(event.CauseRefused, false, "%s does not speak TLS on this port", peer)
	case errors.Is(ctx.Err(), context.Canceled):
		return fail(event.CauseNetwork, true, "%s: the call was canceled", peer)
	case isTimeout(ctx, err):
		return fail(event.CauseTimeout, true, "%s did not answer in time", peer)
	case errors.As(err, &dns) && dns.IsNotFound:
		return fail(event.CauseNetwork, true, "%s: unknown host name", peer)
	case errors.Is(err, errReplay), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return fail(event.CauseNetwork, true, "%s closed the connection before it answered", peer)
	}
	detail := innermost(err)
	if words, broken := plainHTTP(detail); broken {
		return fail(event.CauseNetwork, true, "%s: its reply is not valid HTTP: %s", peer, words)
	}
	return fail(event.CauseNetwork, true, "%s: %s", peer, detail)
}

// plainHTTP removes package names from an error of net/http, which has no error
// types for malformed replies. found reports whether text is about one.
func plainHTTP(text string) (words string, found bool) {
	for again := true; again; {
		again = false
		for _, prefix := range []string{"net/http: ", "HTTP/1.x transport connection broken: ", "http: ", "http2: ", "malformed HTTP response "} {
			if rest, ok := strings.CutPrefix(text, prefix); ok {
				text, found, again = rest, true, true
			}
		}
	}
	return text, found || strings.HasPrefix(text, "malformed ") || strings.HasPrefix(text, "invalid header ")
}

func isTimeout(ctx context.Context, err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) ||
		(errors.As(err, &timeout) && timeout.Timeout())
}

// innermost omits the addresses that package net puts in front.
func innermost(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return Excerpt([]byte(err.Error()), nil)
}

// StatusCause classifies the status of an HTTP reply and reports whether the
// call may be retried.
func StatusCause(status int) (cause event.Cause, retry bool) {
	switch {
	case status == http.StatusTooManyRequests:
		return event.CauseRateLimited, true
	case status == http.StatusRequestTimeout:
		return event.CauseTimeout, true
	case status == http.StatusTooEarly, status >= 500:
		return event.CauseServer, true
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired:
		return event.CauseAuth, false
	}
	return event.CauseClient, false
}

// StatusFailure makes a failure of an HTTP reply. Detail may be empty.
func StatusFailure(peer string, status int, header http.Header, detail string, now time.Time) *event.Failure {
	cause, retry := StatusCause(status)
	f := event.Failf(cause, retry, "%d %s from %s", status, http.StatusText(status), peer)
	f.Arrival = event.Answered
	if detail != "" {
		f.Text += ": " + detail
	}
	if retry {
		Heed(f, header, now)
	}
	return f
}
