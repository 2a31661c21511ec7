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

// once makes one call that is at most one request on the wire. net/http sends
// a request again by itself when a kept-alive connection closes under it, and
// takes an Idempotency-Key for the permission to do so with any method. Here
// that stays allowed only while nothing was written. Everything else is for
// the engine to decide, which writes each try down.
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

// Close closes the body and frees what the call has held.
func (b *onceBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// errReplay stands in for the error that made net/http want to send again.
var errReplay = errors.New("the connection was closed before a reply")

type wireKey struct{}

// refuseReplay is asked before a connection is looked for, once for each time
// that net/http is about to send the request over HTTP/1.
func refuseReplay(ctx context.Context) error {
	if w, ok := ctx.Value(wireKey{}).(*wire); ok && w.touched() {
		return w.refuse()
	}
	return nil
}

// wire watches what of one request gets on the wire.
type wire struct {
	cancel  func()
	headers atomic.Bool // a header was written, or is about to be

	mu       sync.Mutex
	used     bool         // a connection was given to the request
	conn     *countedConn // it, when it counts what is written
	before   int64        // bytes that it had written by then
	shared   bool         // with other requests: HTTP/2
	began    bool         // on an earlier connection something was written
	replayed bool         // sending again was refused
}

// gotConn notes the connection that the request is given. HTTP/2 comes here
// for each time it sends, and looks at the context before it writes.
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

// touched reports whether a sending that net/http has given up had written
// anything.
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

// failed adds to an error whether the request may have arrived. Over HTTP/1
// the connection is closed by now, so that nothing more can be written.
func (w *wire) failed(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	untouched := w.conn != nil && !w.shared && w.conn.written.Load() == w.before
	if w.replayed {
		err = errReplay
	}
	return &callError{err: err, sent: w.began || w.used && !untouched}
}

// callError is an error of a call, with whether any of it may have arrived.
type callError struct {
	err  error
	sent bool
}

// Error is that of the error underneath.
func (e *callError) Error() string { return e.err.Error() }

// Unwrap gives the error underneath.
func (e *callError) Unwrap() error { return e.err }

// arrivalOf says what an error tells about the request.
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

// countedConn counts what is written, from before it is, so that a count that
// has not changed proves that nothing was.
type countedConn struct {
	net.Conn
	written atomic.Int64
}

// Write counts and writes.
func (c *countedConn) Write(p []byte) (int, error) {
	c.written.Add(int64(len(p)))
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n - len(p)))
	return n, err
}
