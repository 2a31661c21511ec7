package outbound

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// throughProxy returns the proxy for a request, nil for none. The guard never
// sees the address that a proxy dials, so the target is checked here. The proxy
// resolves the name again; what it allows is up to its own configuration.
func (g *guard) throughProxy(r *http.Request) (*url.URL, error) {
	via, err := g.proxy(r.URL)
	if err != nil || via == nil {
		return nil, err
	}
	target := hostPort(r.URL)
	if g.names(r.Context(), target) {
		return via, nil
	}
	if !g.leadsOut(r.Context(), plain(r.URL.Hostname())) {
		return nil, &RefusedError{Address: target}
	}
	return via, nil
}

// leadsOut reports whether a host is on the public internet as far as this
// machine can tell: none of its addresses is internal or, if only the proxy can
// resolve it, it is not a name for internal networks.
func (g *guard) leadsOut(ctx context.Context, host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return isPublic(ip)
	}
	if isInternalName(host) {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, g.dialer.Timeout)
	defer cancel()
	resolver := g.dialer.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	found, err := resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return true
	}
	for _, ip := range found {
		if !isPublic(ip) {
			return false
		}
	}
	return true
}

// isInternalName reports whether a name is not on the public internet: one
// without a dot, a number that some programs read as an address, or a name
// under a suffix that is reserved or commonly used for internal networks.
func isInternalName(host string) bool {
	dot := strings.LastIndexByte(host, '.')
	if dot < 0 || strings.Trim(host[dot+1:], "0123456789") == "" || strings.HasPrefix(host[dot+1:], "0x") {
		return true
	}
	switch host[dot+1:] {
	case "localhost", "local", "internal", "intranet", "private", "corp", "home", "lan", "localdomain":
		return true
	}
	return strings.HasSuffix(host, ".home.arpa")
}

// proxyHosts are the proxies from the environment, as host:port. They are
// allowed, because the operator named them.
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
			hosts = append(hosts, hostPort(u))
		}
	}
	return hosts
}

// hostPort returns "host:port" of a URL, by default with its scheme's port.
func hostPort(u *url.URL) string {
	p := u.Port()
	switch {
	case p != "":
	case u.Scheme == "https":
		p = "443"
	case strings.HasPrefix(u.Scheme, "socks5"):
		p = "1080"
	default:
		p = "80"
	}
	return net.JoinHostPort(plain(u.Hostname()), p)
}

// plain normalizes a host, with its port if it has one, for comparison.
func plain(h string) string {
	if host, port, err := net.SplitHostPort(h); err == nil {
		return net.JoinHostPort(plain(host), port)
	}
	return strings.TrimSuffix(strings.ToLower(strings.Trim(h, "[]")), ".")
}
