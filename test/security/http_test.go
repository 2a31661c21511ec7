package security

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// pathsStayPaths: a value is one segment or nothing is sent.
func (b *battlefield) pathsStayPaths(t *testing.T) {
	for _, f := range fields() {
		calls := b.calls.below("/path/" + f.name + "/")
		for _, a := range b.attacks {
			if climbs(a.text) {
				b.ended(t, a, "path-"+f.name, "failed")
				if len(calls[a.id]) > 0 {
					t.Errorf("%s: %s was called", where(a), clip(calls[a.id][0].uri))
				}
				continue
			}
			c, ok := only(t, a, calls[a.id])
			if !ok {
				continue
			}
			path, more, _ := strings.Cut(c.uri, "?")
			parts := strings.Split(path, "/")
			if len(parts) != 5 || parts[2] != f.name || parts[4] != "end" || more != "" || strings.Contains(c.uri, "#") {
				t.Errorf("%s: the path became %s", where(a), clip(c.uri))
				continue
			}
			value, err := url.PathUnescape(parts[3])
			if err != nil {
				t.Errorf("%s: %v", where(a), err)
			}
			differ(t, a, "the segment", value, a.text)
		}
	}
	for _, c := range b.calls.below("") {
		for _, each := range c {
			if strings.Contains(each.uri, "admin") && !strings.Contains(each.uri, "/path/") && !strings.HasPrefix(each.uri, "/query?") {
				t.Errorf("a call to %s", clip(each.uri))
			}
			if !strings.HasPrefix(each.host, "127.0.0.1:") {
				t.Errorf("a call for host %q", each.host)
			}
		}
	}
}

// climbs reports whether a server could take the segment for a way up.
func climbs(s string) bool {
	return s == "." || slices.Contains(strings.Split(s, "/"), "..")
}

// headersStayHeaders: a value is the whole value of its header, or the call is
// refused.
func (b *battlefield) headersStayHeaders(t *testing.T) {
	calls := b.calls.below("/header")
	known := map[string]bool{"X-Event": true, "X-Field": true, "X-Value": true, "User-Agent": true, "Idempotency-Key": true, "Accept-Encoding": true}
	sent := 0
	for _, a := range b.attacks {
		for _, c := range calls[a.id] {
			sent++
			for name, values := range c.header {
				if !known[name] || len(values) != 1 {
					t.Errorf("%s: header %s: %q", where(a), name, values)
				}
			}
			differ(t, a, "the header", c.header.Get("X-Value"), strings.Trim(a.text, " \t"))
			if c.body != "" {
				t.Errorf("%s: the call has a body", where(a))
			}
		}
		for _, f := range fields() {
			want := "succeeded"
			if strings.ContainsFunc(a.text, unicode.IsControl) {
				want = "failed"
			}
			if len(a.text) < 5000 {
				b.ended(t, a, "header-"+f.name, want)
			}
		}
	}
	if sent == 0 {
		t.Error("no header came through")
	}
}

// valuesStayValues: nothing but the author's names arrives, with exactly the
// stranger's text in them.
func (b *battlefield) valuesStayValues(t *testing.T) {
	queries, objects, forms := b.calls.below("/query"), b.calls.below("/json"), b.calls.below("/form")
	for _, a := range b.attacks {
		if c, ok := only(t, a, queries[a.id]); ok {
			u, err := url.ParseRequestURI(c.uri)
			if err != nil {
				t.Errorf("%s: %v", where(a), err)
				continue
			}
			checkValues(t, a, "query", u.Query(), "first")
		}
		if c, ok := only(t, a, forms[a.id]); ok {
			values, err := url.ParseQuery(c.body)
			if err != nil || c.method != http.MethodPost {
				t.Errorf("%s: %s %v", where(a), c.method, err)
			}
			checkValues(t, a, "form", values)
		}
		if c, ok := only(t, a, objects[a.id]); ok {
			checkObject(t, a, c.body)
		}
	}
}

func checkValues(t *testing.T, a attack, place string, got url.Values, more ...string) {
	t.Helper()
	if len(got) != len(fields())+len(more) {
		t.Errorf("%s: the %s has %d names", where(a), place, len(got))
	}
	for _, f := range fields() {
		more = append(more, f.name)
	}
	for _, name := range more {
		if len(got[name]) != 1 {
			t.Errorf("%s: the %s has %d values of %s", where(a), place, len(got[name]), name)
		}
		differ(t, a, place, got.Get(name), a.text)
	}
}

func checkObject(t *testing.T, a attack, body string) {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Errorf("%s: %v in %s", where(a), err, clip(body))
		return
	}
	if len(got) != len(fields())+2 {
		t.Errorf("%s: the object has %d members: %s", where(a), len(got), clip(body))
	}
	for _, f := range fields() {
		text, _ := got[f.name].(string)
		differ(t, a, "JSON "+f.name, text, a.text)
	}
	list, _ := got["list"].([]any)
	if len(list) != 2 || list[0] != a.text {
		t.Errorf("%s: the list is %v", where(a), list)
	}
	inside, _ := got["inside"].(string)
	differ(t, a, "JSON inside", inside, "a "+a.text+" b")
}
