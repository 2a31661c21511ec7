package outbound_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/event"
)

// leaving speaks HTTP/2 and refuses every stream, after which the standard library sends it again.
func leaving(t *testing.T) (url string, trust *tls.Config, requests *atomic.Int32) {
	t.Helper()
	own := httptest.NewTLSServer(http.NotFoundHandler())
	own.Close()
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: own.TLS.Certificates, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	requests = &atomic.Int32{}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			open.Go(func() { defer conn.Close(); leave(conn, requests) })
		}
	})
	t.Cleanup(func() { ln.Close(); open.Wait() })
	trust = own.Client().Transport.(*http.Transport).TLSClientConfig
	return "https://" + ln.Addr().String(), trust, requests
}

func leave(conn net.Conn, requests *atomic.Int32) {
	r := bufio.NewReader(conn)
	if _, err := io.CopyN(io.Discard, r, int64(len(http2.ClientPreface))); err != nil {
		return
	}
	f := http2.NewFramer(conn, r)
	_ = f.WriteSettings()
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		switch x := frame.(type) {
		case *http2.HeadersFrame:
			requests.Add(1)
			_ = f.WriteRSTStream(x.StreamID, http2.ErrCodeRefusedStream)
		case *http2.PingFrame:
			_ = f.WritePing(true, x.Data)
		}
	}
}

// TestOneRequestOverHTTP2 lets a server refuse requests, with a body and
// without.
func TestOneRequestOverHTTP2(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "hello"} {
		url, trust, requests := leaving(t)
		transport := outbound.NewTransport(outbound.Options{AllowHosts: []string{"127.0.0.1"}})
		transport.TLSClientConfig = trust
		t.Cleanup(transport.CloseIdleConnections)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Idempotency-Key", "1")
		resp, err := outbound.Call(transport, req)
		if err == nil {
			resp.Body.Close()
			err = errors.New("answered")
		}
		f := outbound.NetworkFailure(t.Context(), "the peer", err)
		if n := requests.Load(); n != 1 || f.Arrival != event.ArrivalUnknown || !f.Retry {
			t.Errorf("body %q: %d requests, %+v", body, n, f)
		}
	}
}
