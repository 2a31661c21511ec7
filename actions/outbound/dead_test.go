package outbound_test

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gavel-rules/gavel/actions/outbound"
)

// pipes is a network of one server.
type pipes struct {
	conns chan net.Conn
	dead  atomic.Bool // swallows what is written from now on
	dials atomic.Int32
}

// Accept implements net.Listener.
func (p *pipes) Accept() (net.Conn, error) {
	c, ok := <-p.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

// Close implements net.Listener.
func (p *pipes) Close() error { close(p.conns); return nil }

// Addr implements net.Listener.
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	p.dials.Add(1)
	p.conns <- there
	return &mortal{Conn: here, net: p, first: p.dials.Load() == 1}, nil
}

// mortal is a connection whose other side can go without a word.
type mortal struct {
	net.Conn
	net   *pipes
	first bool
}

// Write implements net.Conn.
func (m *mortal) Write(b []byte) (int, error) {
	if m.first && m.net.dead.Load() {
		return len(b), nil
	}
	return m.Conn.Write(b)
}

// TestDeadConnection has an HTTP/2 peer behind a firewall that forgot the
// connection: the try on it fails soon, and the next one takes another.
func TestDeadConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		network := &pipes{conns: make(chan net.Conn, 4)}
		var only http.Protocols
		only.SetUnencryptedHTTP2(true)
		server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), Protocols: &only}
		go func() { _ = server.Serve(network) }()
		transport := outbound.NewTransport(outbound.Options{})
		transport.DialContext, transport.Protocols = network.dial, &only

		do := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			return get(ctx, t, transport, "http://crm.example/")
		}
		if err := do(); err != nil {
			t.Fatal(err)
		}
		network.dead.Store(true)
		began := time.Now()
		if err := do(); err == nil {
			t.Error("the dead connection answered")
		}
		if took := time.Since(began); took >= 30*time.Second {
			t.Errorf("it was found dead after %v only", took)
		}
		if err := do(); err != nil {
			t.Errorf("the try after: %v", err)
		}
		if n := network.dials.Load(); n != 2 {
			t.Errorf("%d connections, want 2", n)
		}
		transport.CloseIdleConnections()
		_ = server.Close()
	})
}
