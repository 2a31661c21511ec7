package outbound_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/event"
)

func address(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func get(ctx context.Context, t *testing.T, transport http.RoundTripper, url string) error {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

func TestGuardRefusesInternalAddresses(t *testing.T) {
	t.Parallel()
	transport := outbound.NewTransport(outbound.Options{})
	t.Cleanup(transport.CloseIdleConnections)
	for _, host := range []string{
		"127.0.0.1", "localhost", "[::1]", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
		"[fe80::1]", "[fd00:ec2::254]", "100.64.0.1", "0.0.0.0", "224.0.0.1", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]",
		"[::127.0.0.1]", "[::8.8.8.8]", "[::ffff:0:127.0.0.1]", "[2002:7f00:1::1]", "[2001:0:7f00:1::]", "[2600::5efe:10.0.0.1]", "[fec0::1]",
	} {
		err := get(context.Background(), t, transport, "http://"+host+":9/")
		var refused *outbound.RefusedError
		if !errors.As(err, &refused) {
			t.Errorf("%s: got %v, want a RefusedError", host, err)
			continue
		}
		f := outbound.NetworkFailure(context.Background(), host, err)
		if f.Cause != event.CauseRefused || f.Retry {
			t.Errorf("%s: failure is %+v, want refused for good", host, f)
		}
	}
}

func TestGuardLetsNamedHostsPass(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(srv.Close)
	host := strings.TrimPrefix(srv.URL, "http://")

	byContext := outbound.NewTransport(outbound.Options{})
	t.Cleanup(byContext.CloseIdleConnections)
	if err := get(outbound.Allow(context.Background(), address(t, srv.URL)), t, byContext, srv.URL); err != nil {
		t.Errorf("host named by the context: %v", err)
	}
	for _, other := range []string{"http://crm.example", "http://127.0.0.1", "https://127.0.0.1", "http://127.0.0.1:9"} {
		fresh := outbound.NewTransport(outbound.Options{})
		t.Cleanup(fresh.CloseIdleConnections)
		if err := get(outbound.Allow(context.Background(), address(t, other)), t, fresh, srv.URL); err == nil {
			t.Errorf("%s, named, opened the way to %s", other, srv.URL)
		}
	}
	for named, want := range map[string]bool{"127.0.0.1": true, host: true, "127.0.0.1:9": false} {
		byOption := outbound.NewTransport(outbound.Options{AllowHosts: []string{named}})
		t.Cleanup(byOption.CloseIdleConnections)
		if err := get(context.Background(), t, byOption, srv.URL); (err == nil) != want {
			t.Errorf("%s named by the options: %v", named, err)
		}
	}
}
