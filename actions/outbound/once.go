package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"

	"github.com/gavel-rules/gavel/event"
)

// once sends a request at most once. When a kept-alive connection closes,
// net/http sends the request again by itself, with an Idempotency-Key whatever
// the method is. Here that is allowed only while nothing was written; retries
// are for the engine, which records each one.
func once(t http.RoundTripper, req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	w := &wire{cancel: cancel}
	ctx = context.WithValue(ctx, wireKey{}, w)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn:          w.gotConn,
		WroteHeaderField: func(string, []string) { w.headers.Store(true) },
	})
	resp, err := t.RoundTrip(req.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, w.failed(err)
	}
	resp.Body = &onceBody{resp.Body, cancel}
	return resp, nil
}

type onceBody struct {
	io.ReadCloser
	cancel func()
}

// Close closes the body and cancels the call's context.
func (b *onceBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// errReplay replaces the error after which net/http wanted to send again.
var errReplay = errors.New("the connection was closed before a reply")

type wireKey struct{}

// refuseReplay is called each time net/http looks for a connection to send the
// request over HTTP/1.
func refuseReplay(ctx context.Context) error {
	if w, ok := ctx.Value(wireKey{}).(*wire); ok && w.touched() {
		return w.refuse()
	}
	return nil
}

// wire tracks whether anything of one request was written.
type wire struct {
	cancel  func()
	headers atomic.Bool // a header was written, or is about to be

	mu       sync.Mutex
	used     bool         // the request has got a connection
	conn     *countedConn // that connection; nil if it does not count
	before   int64        // bytes written on conn before this request
	shared   bool         // conn is HTTP/2 and shared with other requests
	began    bool         // something was written on an earlier connection
	replayed bool         // net/http was kept from sending again
}

// gotConn records the connection of the request. HTTP/2 calls it each time it
// sends, and checks the context before it writes.
func (w *wire) gotConn(info httptrace.GotConnInfo) {
	if w.touched() {
		_ = w.refuse()
		w.cancel()
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.used, w.conn, w.shared = true, nil, false
	conn := info.Conn
	if secure, ok := conn.(*tls.Conn); ok {
		w.shared = secure.ConnectionState().NegotiatedProtocol == "h2"
		conn = secure.NetConn()
	}
	if c, ok := conn.(*countedConn); ok {
		w.conn, w.before = c, c.written.Load()
	}
}

// touched reports whether an attempt that net/http gave up wrote anything.
func (w *wire) touched() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.used && w.headers.Load() && (w.conn == nil || w.conn.written.Load() > w.before) {
		w.began = true
	}
	return w.began
}

func (w *wire) refuse() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.replayed = true
	return errReplay
}

// failed adds to an error whether the request may have arrived. An HTTP/1
// connection is closed by now, so the count is final.
func (w *wire) failed(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	untouched := w.conn != nil && !w.shared && w.conn.written.Load() == w.before
	if w.replayed {
		err = errReplay
	}
	return &callError{err: err, sent: w.began || w.used && !untouched}
}

// callError is an error of a call that knows whether any of it was sent.
type callError struct {
	err  error
	sent bool
}

// Error returns the text of the wrapped error.
func (e *callError) Error() string { return e.err.Error() }

// Unwrap returns the wrapped error.
func (e *callError) Unwrap() error { return e.err }

// arrivalOf returns what is known from an error about the request's arrival.
func arrivalOf(err error) event.Arrival {
	var (
		call    *callError
		refused *RefusedError
		cert    *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		dns     *net.DNSError
		op      *net.OpError
	)
	switch {
	case errors.As(err, &call):
		if call.sent {
			return event.ArrivalUnknown
		}
		return event.ArrivalNotSent
	case errors.As(err, &refused), errors.As(err, &cert), errors.As(err, &record), errors.As(err, &dns),
		errors.As(err, &op) && op.Op == "dial":
		return event.ArrivalNotSent
	}
	return event.ArrivalUnknown
}

// countedConn counts written bytes before it writes them, so that an unchanged
// count proves that nothing was written.
type countedConn struct {
	net.Conn
	written atomic.Int64
}

// Write counts p, writes it and corrects the count.
func (c *countedConn) Write(p []byte) (int, error) {
	c.written.Add(int64(len(p)))
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n - len(p)))
	return n, err
}
