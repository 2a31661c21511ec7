package outbound_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/gavel-rules/gavel/actions/outbound"
)

// names is a DNS server that knows one internal and one public name.
func names(t *testing.T) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	known := map[string][4]byte{"inside.acme.example.": {10, 0, 0, 7}, "outside.acme.example.": {93, 184, 215, 14}}
	go func() {
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
			ip, ok := known[q.Name.String()]
			if !ok {
				m.RCode = dnsmessage.RCodeNameError
			} else if q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}, Body: &dnsmessage.AResource{A: ip},
				}}
			}
			reply, err := m.Pack()
			if err == nil {
				_, err = conn.WriteTo(reply, from)
			}
			if err != nil {
				return
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// TestTargetsBehindAProxy asks for targets that a proxy would dial for us.
func TestTargetsBehindAProxy(t *testing.T) { // not parallel: it sets the environment
	var mu sync.Mutex
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Host)
		if r.Method == http.MethodConnect {
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	t.Cleanup(proxy.Close)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("HTTPS_PROXY", proxy.URL)
	t.Setenv("NO_PROXY", "")
	transport := outbound.NewTransport(outbound.Options{Resolver: names(t), AllowHosts: []string{"10.9.9.9:80"}})
	t.Cleanup(transport.CloseIdleConnections)

	for _, target := range []string{
		"http://169.254.169.254/latest", "http://10.0.0.7/", "https://10.0.0.7/", "http://[::ffff:10.0.0.7]/", "http://[::10.0.0.7]/",
		"http://inside.acme.example/", "https://inside.acme.example/", "http://metadata/", "http://metadata.google.internal/", "http://2852039166/",
		"http://0x7f.1/", "http://10.9.9.9:81/",
	} {
		var refused *outbound.RefusedError
		if err := get(t.Context(), t, transport, target); !errors.As(err, &refused) {
			t.Errorf("%s: %v, want a refusal", target, err)
		}
	}
	if len(asked) > 0 {
		t.Fatalf("the proxy was asked for %v", asked)
	}
	for _, target := range []string{"http://outside.acme.example/", "http://only-the-proxy-knows.acme.example/", "http://10.9.9.9/"} {
		if err := get(t.Context(), t, transport, target); err != nil {
			t.Errorf("%s: %v", target, err)
		}
	}
	named := address(t, "http://inside.acme.example:8080/")
	if err := get(outbound.Allow(t.Context(), named), t, transport, named.String()); err != nil {
		t.Errorf("named by the author: %v", err)
	}
	want := []string{"outside.acme.example", "only-the-proxy-knows.acme.example", "10.9.9.9", "inside.acme.example:8080"}
	if !slices.Equal(asked, want) {
		t.Errorf("the proxy was asked for %v, want %v", asked, want)
	}
}
