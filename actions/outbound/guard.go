package outbound

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// Options configure a transport. The zero value is ready for production.
type Options struct {
	// AllowHosts may be reached whatever address they resolve to, in addition
	// to the hosts that rules and connections name. An entry with a port allows
	// only that port.
	AllowHosts []string
	// Resolver resolves host names; nil means the system's resolver.
	Resolver *net.Resolver
	// DialTimeout limits opening a connection; 0 means 10 seconds.
	DialTimeout time.Duration
}

// RefusedError means that an address was not called: it is on an internal
// network, and no rule, connection or option names its host and port.
type RefusedError struct {
	Address string
}

// Error names the address.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("address %s is on an internal network and not named by a rule or connection", e.Address)
}

type allowedKey struct{}

// Allow marks the host and port of u as named by the author of the rules:
// calls with this context may reach them whatever the name resolves to. Any
// other host or port, such as one that a reply points to, must be on the
// public internet.
func Allow(ctx context.Context, u *url.URL) context.Context {
	return context.WithValue(ctx, allowedKey{}, hostPort(u))
}

// NewTransport returns a transport that checks each address after name
// resolution, just before it connects, so that DNS rebinding does not work.
// Requests through a proxy are checked before they are sent to it.
func NewTransport(o Options) *http.Transport {
	proxies := httpproxy.FromEnvironment()
	g := &guard{named: map[string]bool{}, proxy: proxies.ProxyFunc()}
	for _, h := range append(proxyHosts(proxies), o.AllowHosts...) {
		g.named[plain(h)] = true
	}
	g.dialer.Timeout, g.dialer.Resolver = o.DialTimeout, o.Resolver
	if g.dialer.Timeout == 0 {
		g.dialer.Timeout = 10 * time.Second
	}
	return &http.Transport{
		Proxy: func(r *http.Request) (*url.URL, error) {
			if err := refuseReplay(r.Context()); err != nil {
				return nil, err
			}
			return g.throughProxy(r)
		},
		DialContext:            g.dial,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 256 << 10,
		// A dead connection is detected within one try, so that the next try
		// does not use it.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second, WriteByteTimeout: 10 * time.Second},
	}
}

type guard struct {
	named  map[string]bool // allowed: host or host:port
	dialer net.Dialer
	proxy  func(*url.URL) (*url.URL, error)
}

// names reports whether an author or the operator named address, "host:port".
func (g *guard) names(ctx context.Context, address string) bool {
	host, _, _ := net.SplitHostPort(address)
	allowed, _ := ctx.Value(allowedKey{}).(string)
	return allowed == address || g.named[address] || g.named[host]
}

func (g *guard) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("split address: %w", err)
	}
	d := g.dialer
	if !g.names(ctx, net.JoinHostPort(plain(host), port)) {
		d.ControlContext = refuseInternal
	}
	conn, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &countedConn{Conn: conn}, nil
}

func refuseInternal(_ context.Context, _, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || !isPublic(ap.Addr()) {
		return &RefusedError{Address: address}
	}
	return nil
}
