// Package below serves the console below a path, such as /gavel of a host that
// other programs share.
package below

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/gavel-rules/gavel/event"
)

// Prefix is a path that begins with a slash and does not end with one; empty is
// the root of a host.
type Prefix string

// prefixForm keeps out whatever would have to be escaped in a page, a header or
// a path.
var prefixForm = regexp.MustCompile(`^(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$`)

// Parse reads a prefix; a slash at its end is ignored.
func Parse(text string) (Prefix, error) {
	p := strings.TrimSuffix(text, "/")
	if !prefixForm.MatchString(p) {
		return "", fmt.Errorf("%w prefix %q: write a path such as /gavel, of letters, digits and the characters - . _ ~", event.ErrInvalid, text)
	}
	return Prefix(p), nil
}

// Path returns where a path of the console is for those outside. Addresses on
// other hosts stay as they are.
func (p Prefix) Path(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return path
	}
	return string(p) + path
}

// Within reports whether the prefix begins with the same name as a path of the
// console.
func (p Prefix) Within(path string) bool {
	first := func(path string) string {
		name, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		return name
	}
	return p != "" && first(string(p)) == first(path)
}

// Cookie returns the path of a cookie.
func (p Prefix) Cookie() string {
	if p == "" {
		return "/"
	}
	return string(p)
}

// Handler serves next below the prefix. Requests without it are served too: some
// proxies remove it, and probes need not know it.
func (p Prefix) Handler(next http.Handler) http.Handler {
	if p == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&responder{w, p}, p.strip(r))
	})
}

// strip returns the request without the prefix.
func (p Prefix) strip(r *http.Request) *http.Request {
	path, ok := p.cut(r.URL.Path)
	raw, rawOK := p.cut(r.URL.RawPath)
	if !ok || r.URL.RawPath != "" && !rawOK {
		return r
	}
	inside := *r
	inside.URL = new(url.URL)
	*inside.URL = *r.URL
	inside.URL.Path, inside.URL.RawPath = path, raw
	return &inside
}

func (p Prefix) cut(path string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(path, string(p))
	if ok && rest == "" {
		return "/", true
	}
	return rest, ok && rest[0] == '/'
}

// responder puts the prefix before the addresses that responses lead to.
type responder struct {
	http.ResponseWriter
	prefix Prefix
}

func (r *responder) WriteHeader(status int) {
	if to := r.Header().Get("Location"); to != "" {
		r.Header().Set("Location", r.prefix.Path(to))
	}
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (r *responder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
