package console

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
)

// Health answers whether Gavel works, for probes and people.
type Health interface {
	// Ready returns what is checked, by name; an empty string means fine,
	// anything else says in words what is wrong.
	Ready(ctx context.Context) map[string]string
}

// Reloader loads the rules again.
type Reloader interface {
	// Reload returns the revision in force afterwards and the findings, one per
	// line; ok is false when the old rules stay.
	Reload(ctx context.Context) (revision string, findings []string, ok bool)
}

// Options configure the admin handler.
type Options struct {
	Health   Health
	Reloader Reloader
	Metrics  http.Handler // nil: no /metrics
	// Token is required of every request but health probes; empty is allowed
	// on a loopback address only, which the caller checks.
	Token  string
	Logger *slog.Logger
}

// New returns the handler of the second address.
func New(o Options) http.Handler {
	r := chi.NewRouter()
	r.Use(knownHost)
	r.Get("/-/healthy", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, map[string]string{"status": "ok"}) })
	r.Get("/-/ready", ready(o.Health))
	r.Group(func(r chi.Router) {
		r.Use(authenticated(o.Token))
		r.Post("/-/reload", reload(o))
		if o.Metrics != nil {
			r.Method(http.MethodGet, "/metrics", o.Metrics)
		}
	})
	return r
}

func ready(h Health) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		checks, status := h.Ready(ctx), http.StatusOK
		for _, problem := range checks {
			if problem != "" {
				status = http.StatusServiceUnavailable
			}
		}
		writeJSON(w, status, map[string]any{"ready": status == http.StatusOK, "checks": checks})
	}
}

func reload(o Options) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		revision, findings, ok := o.Reloader.Reload(r.Context())
		o.Logger.Info("reload asked for over HTTP", "remote", r.RemoteAddr, "ok", ok)
		status := http.StatusOK
		if !ok {
			status = http.StatusUnprocessableEntity
		}
		writeJSON(w, status, map[string]any{"reloaded": ok, "revision": revision, "findings": findings})
	}
}

// authenticated asks for the token as "Authorization: Bearer …" if there is
// one to ask for.
func authenticated(token string) func(http.Handler) http.Handler {
	want := sha256.Sum256([]byte(token))
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			got := sha256.Sum256([]byte(given))
			if token != "" && subtle.ConstantTimeCompare(want[:], got[:]) != 1 {
				w.Header().Set("WWW-Authenticate", `Bearer realm="gavel"`)
				writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "a valid token is needed: Authorization: Bearer <console token>"})
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// knownHost refuses requests that a web page made a browser send here under a
// name of its own (DNS rebinding), and writes that come from another site.
func knownHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		if isLoopback(local) && !loopbackName(r.Host) {
			writeJSON(w, http.StatusMisdirectedRequest, map[string]string{"error": "this address answers only to localhost, 127.0.0.1 and [::1]"})
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Header.Get("Sec-Fetch-Site") == "cross-site" {
			writeJSON(w, http.StatusForbidden, map[string]string{"error": "requests from other sites are refused"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isLoopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
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

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the peer may have gone
}
