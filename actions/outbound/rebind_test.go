package outbound_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/gavel-rules/gavel/actions/outbound"
)

// rebinding is a DNS server that names a public address at first, as a check
// before the call would see it, and this machine ever after.
type rebinding struct{ asked atomic.Int64 }

func (d *rebinding) serve(conn net.PacketConn) {
	buffer := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(buffer[:n]) != nil || len(m.Questions) == 0 {
			continue
		}
		q := m.Questions[0]
		m.Response, m.Additionals = true, nil
		if q.Type == dnsmessage.TypeA {
			address := [4]byte{127, 0, 0, 1}
			if d.asked.Add(1) == 1 {
				address = [4]byte{198, 51, 100, 7}
			}
			m.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}, Body: &dnsmessage.AResource{A: address},
			}}
		}
		reply, err := m.Pack()
		if err != nil {
			return
		}
		if _, err := conn.WriteTo(reply, from); err != nil {
			return
		}
	}
}

func TestRebinding(t *testing.T) {
	t.Parallel()
	var reached atomic.Int64
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(inside.Close)
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	dns := &rebinding{}
	go dns.serve(conn)
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	if first, err := resolver.LookupHost(t.Context(), "rebind.example"); err != nil || first[0] != "198.51.100.7" {
		t.Fatalf("the DNS server says %v, %v", first, err)
	}
	url := "http://rebind.example:" + inside.URL[strings.LastIndexByte(inside.URL, ':')+1:]
	transport := outbound.NewTransport(outbound.Options{Resolver: resolver})
	t.Cleanup(transport.CloseIdleConnections)
	var refused *outbound.RefusedError
	if err := get(t.Context(), t, transport, url); !errors.As(err, &refused) || reached.Load() > 0 {
		t.Errorf("a name that moved inside: %v, reached %d times", err, reached.Load())
	}
	// The same name written by the author himself is his decision.
	if err := get(outbound.Allow(t.Context(), address(t, url)), t, transport, url); err != nil {
		t.Errorf("named by the author: %v", err)
	}
}
