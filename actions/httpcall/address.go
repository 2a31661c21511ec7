package httpcall

import (
	"net/url"
	"strings"

	"github.com/gavel-rules/gavel/event"
)

// address resolves an action's url against the connection's base, which may be
// nil if raw is a full URL. The error is an *event.Failure.
func address(base *url.URL, raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, event.Failf(event.CauseRefused, false, "url is not valid for this event")
	}
	if dotted(u.EscapedPath()) {
		return nil, event.Failf(event.CauseRefused, false, `url contains a path segment "." or ".."`)
	}
	if u.Host != "" {
		if u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
			return nil, event.Failf(event.CauseRefused, false, "url must be an http or https address without a user")
		}
		if base != nil && (!sameHost(u.Host, base) || u.Scheme != base.Scheme) {
			return nil, event.Failf(event.CauseRefused, false, "url points to %s://%s, not to the connection's address", u.Scheme, u.Host)
		}
		u.Fragment, u.RawFragment = "", ""
		return u, nil
	}
	if base == nil || u.Scheme != "" {
		return nil, event.Failf(event.CauseRefused, false, "url has no host")
	}
	joined := *base
	prefix := strings.TrimRight(base.EscapedPath(), "/")
	if path := u.EscapedPath(); path != "" {
		prefix += "/" + strings.TrimLeft(path, "/")
	}
	if joined.Path, err = url.PathUnescape(prefix); err != nil {
		return nil, event.Failf(event.CauseRefused, false, "url is not valid for this event")
	}
	joined.RawPath, joined.RawQuery = prefix, u.RawQuery
	return &joined, nil
}

// dotted reports whether a path has a segment "." or "..", plain or encoded.
func dotted(escapedPath string) bool {
	for segment := range strings.SplitSeq(escapedPath, "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil || plain == "." || plain == ".." || strings.HasPrefix(plain, "../") || strings.HasSuffix(plain, "/..") || strings.Contains(plain, "/../") {
			return true
		}
	}
	return false
}

func sameHost(host string, u *url.URL) bool {
	other := &url.URL{Scheme: u.Scheme, Host: host}
	return strings.EqualFold(other.Hostname(), u.Hostname()) && port(other) == port(u)
}

// sameAddress reports whether two URLs lead to the same host and port.
func sameAddress(a, b *url.URL) bool {
	return strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}
