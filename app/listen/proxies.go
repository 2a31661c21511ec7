package listen

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the addresses of reverse proxies in front of the receiver.
type Proxies []netip.Prefix

// Has reports whether an address is that of a proxy.
func (p Proxies) Has(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, prefix := range p {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}

// InFront sets the address of requests that come through a proxy to that of
// the sender it names. The header is ignored from anyone else, because anyone
// can write it.
func (p Proxies) InFront(next http.Handler) http.Handler {
	if len(p) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && p.Has(peer.Addr()) {
			if sender, ok := p.sender(r.Header.Values("X-Forwarded-For")); ok {
				r.RemoteAddr = net.JoinHostPort(sender.String(), "0")
			}
		}
		next.ServeHTTP(w, r)
	})
}

// sender returns the last address of the list that is not a proxy; those
// before it were written by the sender itself.
func (p Proxies) sender(headers []string) (netip.Addr, bool) {
	list := strings.Split(strings.Join(headers, ","), ",")
	for i := len(list) - 1; i >= 0; i-- {
		a, err := address(strings.TrimSpace(list[i]))
		if err != nil {
			return a, false
		}
		if a = a.Unmap().WithZone(""); !p.Has(a) {
			return a, true
		}
	}
	return netip.Addr{}, false
}

// address reads an address that may have brackets, quotes or a port, as some
// proxies write it.
func address(text string) (netip.Addr, error) {
	text = strings.Trim(text, `"`)
	if ap, err := netip.ParseAddrPort(text); err == nil {
		return ap.Addr(), nil
	}
	return netip.ParseAddr(strings.Trim(text, "[]"))
}
