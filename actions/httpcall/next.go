package httpcall

import (
	"fmt"
	"maps"
	"net/url"
	"strings"

	"github.com/gavel-rules/gavel/event"
)

// identity tells requests of one list apart, which all go to the same host.
func (r *request) identity() string { return r.preview.RequestURI() + "\n" + string(r.body) }

// follow returns the request for the page after one that came from an address: at
// another address, or with a cursor.
func (r *request) follow(from *url.URL, to any, cursor string) (*request, error) {
	next := *r
	var err error
	switch {
	case cursor == "":
		first := r.preview.EscapedPath()
		if r.page != nil {
			first = r.page.first
		}
		next.page = &link{from: from, to: fmt.Sprint(to), first: first}
	case r.body != nil:
		next.body, err = withField(r.body, strings.Split(cursor, "."), to)
	default:
		next.query = maps.Clone(r.query)
		if next.query == nil {
			next.query = url.Values{}
		}
		next.query.Set(cursor, fmt.Sprint(to))
	}
	if err != nil {
		return nil, err
	}
	next.preview, err = next.address(r.base())
	return &next, err
}

// longestAddress limits the address of a next page, in bytes.
const longestAddress = 16 << 10

// withField returns a body of JSON with one field set.
func withField(body []byte, path []string, value any) ([]byte, error) {
	tree, err := event.ReadJSON(body)
	if err != nil {
		return nil, event.Failf(event.CauseRefused, false, "the body is not JSON")
	}
	at, ok := tree.(map[string]any)
	for _, name := range path[:len(path)-1] {
		if !ok {
			break
		}
		if at[name] == nil {
			at[name] = map[string]any{}
		}
		at, ok = at[name].(map[string]any)
	}
	if !ok {
		return nil, event.Failf(event.CauseRefused, false, "pages.cursor: json has no mapping for %s", strings.Join(path, "."))
	}
	at[path[len(path)-1]] = value
	return encodeJSON(tree)
}

// link is the address of a page, as the one before gave it.
type link struct {
	from  *url.URL
	to    string
	first string // path of the first page
}

// resolve returns the address, which must be at the same host as the page before,
// and below the connection's base, which may be nil: nothing that an API answers
// sends credentials elsewhere.
func (l *link) resolve(base *url.URL) (*url.URL, error) {
	fail := func(format string, args ...any) error {
		return event.Failf(event.CauseRefused, false, "the address of the next page "+format, args...)
	}
	ref, err := url.Parse(l.to)
	if err != nil || len(l.to) > longestAddress {
		return nil, fail("is not valid")
	}
	u := l.from.ResolveReference(ref)
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, fail("is not an http or https address without a user")
	}
	if !sameAddress(u, l.from) || u.Scheme != l.from.Scheme {
		return nil, fail("is at %s://%s, but the list is at %s://%s; credentials are not sent elsewhere", clean(u.Scheme), clean(u.Host), l.from.Scheme, l.from.Host)
	}
	if dotted(u.EscapedPath()) {
		return nil, fail(`contains a path segment "." or ".."`)
	}
	if base != nil && u.EscapedPath() != l.first && !strings.HasPrefix(u.EscapedPath()+"/", strings.TrimRight(base.EscapedPath(), "/")+"/") {
		return nil, fail("is not below %s, the base_url of the connection", strings.TrimRight(base.EscapedPath(), "/")+"/")
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}
