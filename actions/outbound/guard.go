package outbound

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// Options say how a transport reaches the world. The zero value is ready for
// production.
type Options struct {
	// AllowHosts may be reached whatever address they resolve to, in addition
	// to the hosts that rules and connections name themselves.
	AllowHosts []string
	// Resolver turns names into addresses; nil means that of the system.
	Resolver *net.Resolver
	// DialTimeout bounds opening a connection; 0 means 10 seconds.
	DialTimeout time.Duration
}

// RefusedError says that an address was not dialed, because nobody named its
// host and it belongs to an internal network.
type RefusedError struct {
	Address string
}

// Error says which address it is.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("address %s is on an internal network and no rule or connection names it", e.Address)
}

type allowedHostKey struct{}

// Allow marks host as named by the author of the rules, so that calls under
// this context may reach it wherever it resolves to. Any other host, such as
// one that a reply points to, must be on the public internet.
func Allow(ctx context.Context, host string) context.Context {
	return context.WithValue(ctx, allowedHostKey{}, plainHost(host))
}

// NewTransport returns a transport that looks at the address it is about to
// connect to, after name resolution, so that a name cannot change its meaning
// between check and use.
func NewTransport(o Options) *http.Transport {
	proxies := httpproxy.FromEnvironment()
	g := &guard{hosts: map[string]bool{}}
	for _, h := range append(proxyHosts(proxies), o.AllowHosts...) {
		g.hosts[plainHost(h)] = true
	}
	g.dialer.Timeout, g.dialer.Resolver = o.DialTimeout, o.Resolver
	if g.dialer.Timeout == 0 {
		g.dialer.Timeout = 10 * time.Second
	}
	proxy := proxies.ProxyFunc()
	return &http.Transport{
		Proxy:                  func(r *http.Request) (*url.URL, error) { return proxy(r.URL) },
		DialContext:            g.dial,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
}

type guard struct {
	hosts  map[string]bool
	dialer net.Dialer
}

func (g *guard) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("split address: %w", err)
	}
	host = plainHost(host)
	d := g.dialer
	if allowed, _ := ctx.Value(allowedHostKey{}).(string); allowed != host && !g.hosts[host] {
		d.ControlContext = refuseInternal
	}
	return d.DialContext(ctx, network, addr)
}

func refuseInternal(_ context.Context, _, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || !isPublic(ap.Addr()) {
		return &RefusedError{Address: address}
	}
	return nil
}

// isPublic reports whether an address belongs to the public internet. Forms
// that carry an IPv4 address inside are judged by that address.
func isPublic(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range specialPrefixes() {
		if p.Contains(a) {
			return false
		}
	}
	if nat64 := netip.MustParsePrefix("64:ff9b::/96"); nat64.Contains(a) {
		b := a.As16()
		return isPublic(netip.AddrFrom4([4]byte(b[12:])))
	}
	return true
}

// specialPrefixes are ranges that netip does not count as private but that do
// not lead to the public internet either, and tunnels that hide an IPv4
// address.
func specialPrefixes() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32", "2002::/16", "fec0::/10",
	} {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// proxyHosts are the proxies of the environment: the operator named them.
func proxyHosts(c *httpproxy.Config) []string {
	var hosts []string
	for _, raw := range []string{c.HTTPProxy, c.HTTPSProxy} {
		if raw == "" {
			continue
		}
		if !strings.Contains(raw, "://") {
			raw = "http://" + raw
		}
		if u, err := url.Parse(raw); err == nil {
			hosts = append(hosts, u.Hostname())
		}
	}
	return hosts
}

func plainHost(h string) string {
	if host, _, err := net.SplitHostPort(h); err == nil {
		h = host
	}
	return strings.TrimSuffix(strings.ToLower(strings.Trim(h, "[]")), ".")
}
