package access

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/gavel-rules/gavel/console/answer"
)

// KnownHost rejects requests under a host name other than localhost, which a
// web page can make a browser send (DNS rebinding). It is not needed with a
// token: browsers send the session cookie only to the right name.
func (a *Access) KnownHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		if !a.session.Load().required() && isLoopback(local) && !loopbackName(r.Host) {
			answer.Problem(w, http.StatusMisdirectedRequest, "this address answers only to localhost, 127.0.0.1 and [::1]")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// SameOrigin rejects what a browser sends for another site: every write, and
// every read except following a link. The other site could not read the
// response, but it could use up all live views.
func SameOrigin(next http.Handler) http.Handler {
	refuse := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer.Problem(w, http.StatusForbidden, "requests from other sites are refused")
	})
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(refuse)
	guarded := guard.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if foreignRead(r) {
			refuse(w, r)
			return
		}
		guarded.ServeHTTP(w, r)
	})
}

// foreignRead reports whether the request is a read by a page of another site.
func foreignRead(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return false
	case "":
		// A browser without that header still sends the origin of a script's
		// read.
		origin := r.Header.Get("Origin")
		if origin == "" {
			return false
		}
		u, err := url.Parse(origin)
		return err != nil || !strings.EqualFold(u.Host, r.Host)
	}
	followed := r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
	return !followed || IsAPI(r)
}

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// WithFrames lets a page show frames of this address.
func WithFrames(w http.ResponseWriter) {
	w.Header().Set("Content-Security-Policy", policy+"; frame-src 'self'")
}

// Isolated is for a document that strangers wrote: it runs nothing, loads
// nothing, leads nowhere, and can be shown in a frame of our own pages.
func Isolated(w http.ResponseWriter) {
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "+
		"form-action 'none'; base-uri 'none'; frame-ancestors 'self'")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("X-DNS-Prefetch-Control", "off")
}

// Secured tells browsers to load nothing from other sites, to run only our own
// script file, and not to show a page in a frame.
func Secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func isLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

func loopbackName(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
