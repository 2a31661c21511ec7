package receiver_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gavel-rules/gavel/receiver"
)

// TestProxyProtocolIsRefusedWithWords: a load balancer that speaks it is told so,
// and so is the operator; a request that only mentions it is taken.
func TestProxyProtocolIsRefusedWithWords(t *testing.T) {
	t.Parallel()
	inner, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var told atomic.Int32
	l := receiver.Connections{Proxied: func(net.Addr) { told.Add(1) }}.Limit(inner, true)
	server := receiver.NewServer("", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"error":"not here"}`, http.StatusNotFound)
	}), nil)
	go func() { _ = server.Serve(l) }() // ends with Shutdown
	t.Cleanup(func() { _ = server.Shutdown(context.Background()) })
	b := &bench{addr: inner.Addr().String()}
	const request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
	for begin, want := range map[string]int{
		"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n": 400, "PROXY UNKNOWN\r\n": 400, "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c123456789012": 400,
		"": 404, "GET /PROXY%20TCP4 HTTP/1.1\r\nHost: x\r\n\r\n": 404,
	} {
		code, message := b.send(t, begin+request)
		if code != want || (want == 400) != strings.Contains(message, "PROXY protocol") {
			t.Errorf("%q: %d %s, want %d", begin, code, message, want)
		}
	}
	if n := told.Load(); n != 3 {
		t.Errorf("the operator was told %d times, want 3", n)
	}
	// Nothing follows the answer.
	refused := b.dial(t)
	defer refused.Close()
	if _, err := io.WriteString(refused, "PROXY UNKNOWN\r\n"); err != nil {
		t.Fatal(err)
	}
	if all, err := io.ReadAll(refused); err != nil || strings.Count(string(all), "HTTP/1.1 ") != 1 {
		t.Errorf("%v, more than one answer: %s", err, all)
	}
	// Later on a connection it is a body like any other.
	conn := b.dial(t)
	defer conn.Close()
	for range 2 {
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		if code, _ := readAnswer(t, conn); code != 404 {
			t.Errorf("a plain request: %d", code)
		}
	}
}
