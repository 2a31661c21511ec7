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

// throughProxy returns the proxy that a request goes through, nil for none.
// The guard never sees the address that a proxy dials, so the target is looked
// at before it is handed over. The proxy resolves the name once more; what it
// finds then is up to its own rules.
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
// machine can tell: none of its addresses is internal, or, where only the
// proxy can resolve names, its name is not one that only networks of one's own
// use.
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

// isInternalName tells names that are not on the public internet: those
// without a dot, also numbers that some programs take for an address, and
// those under the endings that are reserved or in use for it.
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

// proxyHosts are the proxies of the environment, with their ports: the
// operator named them.
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

// hostPort is "host:port" of a URL, the port that of its scheme if it names
// none.
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

// plain is a host in the form that hosts are compared in, with its port if it
// has one.
func plain(h string) string {
	if host, port, err := net.SplitHostPort(h); err == nil {
		return net.JoinHostPort(plain(host), port)
	}
	return strings.TrimSuffix(strings.ToLower(strings.Trim(h, "[]")), ".")
}
