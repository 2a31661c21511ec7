package httpcall

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/values"
)

// instancePlace is the placeholder in a preview for the instance_url of the
// token's reply.
const instancePlace = "(instance_url)"

// Prepare renders the request for one event.
func (a *action) Prepare(s *language.Scope) (params.Effect, error) {
	r := &request{client: a.client, method: a.Method, expected: a.expected, maxResponse: int64(a.MaxResponse), header: http.Header{}}
	raw, err := a.URL.Render(s)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	if r.query, err = renderValues(s, "query", a.Query); err != nil {
		return nil, err
	}
	r.raw = raw
	if r.preview, err = r.address(r.base()); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(a.Headers)) {
		v, err := a.Headers[name].Render(s, nil)
		if err != nil {
			return nil, fmt.Errorf("headers.%s: %w", name, err)
		}
		if !httpguts.ValidHeaderFieldValue(v) {
			return nil, event.Failf(event.CauseRefused, false, "headers.%s: its value contains a control character such as a line break", name)
		}
		r.header.Set(name, v)
	}
	if err := a.prepareBody(s, r); err != nil || a.Pages == nil {
		return r, err
	}
	r.most = a.Pages.Max
	return &list{r, a.Pages, s}, nil
}

// base is the address that a preview is resolved against.
func (r *request) base() *url.URL {
	if !r.client.instance {
		return r.client.base
	}
	base := &url.URL{Scheme: "https", Host: "instance.invalid"}
	if r.client.base != nil {
		base.Path, base.RawPath = r.client.base.Path, r.client.base.RawPath
	}
	return base
}

func (a *action) prepareBody(s *language.Scope, r *request) error {
	contentType := ""
	switch {
	case !a.JSON.IsZero():
		tree, err := a.JSON.Render(s, mark)
		if err == nil {
			tree, err = fillTree(tree)
		}
		if err != nil {
			return fmt.Errorf("json: %w", err)
		}
		if r.body, err = encodeJSON(tree); err != nil {
			return fmt.Errorf("json: %w", err)
		}
		contentType = "application/json"
	case a.Form != nil:
		values, err := renderValues(s, "form", a.Form)
		if err != nil {
			return err
		}
		r.body = []byte(values.Encode())
		contentType = "application/x-www-form-urlencoded"
	case !a.settings.Text.IsZero():
		contentType = "text/plain; charset=utf-8"
		text, err := a.settings.Text.Render(s, mark)
		if err != nil {
			return fmt.Errorf("text: %w", err)
		}
		if text, err = fill(text, r.header.Get("Content-Type")); err != nil {
			return event.Failf(event.CauseRefused, false, "text: %s", err)
		}
		r.body = []byte(text)
	}
	if r.header.Get("Content-Type") == "" && contentType != "" {
		r.header.Set("Content-Type", contentType)
	}
	return nil
}

func renderValues(s *language.Scope, field string, texts map[string]values.Text) (url.Values, error) {
	out := url.Values{}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		v, err := texts[name].Render(s, nil)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", field, name, err)
		}
		out.Set(name, v)
	}
	return out, nil
}

func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// request is the effect: one call to send.
type request struct {
	client      *Client
	method      string
	raw         string // url as rendered
	query       url.Values
	preview     *url.URL
	header      http.Header // of the action; the connection's are added when sending
	body        []byte
	expected    statuses
	maxResponse int64
	page        *link // nil for the first page, and with a cursor
	most        int   // pages to read; 0 if it is no list
}

// Host returns the host and port that the request goes to.
func (r *request) Host() string {
	return net.JoinHostPort(strings.ToLower(r.preview.Hostname()), port(r.preview))
}

// address returns the request's URL, resolved against base, with its query.
func (r *request) address(base *url.URL) (*url.URL, error) {
	if r.page != nil {
		return r.page.resolve(base)
	}
	u, err := address(base, r.raw)
	if err != nil {
		return nil, err
	}
	if len(r.query) > 0 {
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += r.query.Encode()
	}
	return u, nil
}

// MarshalJSON writes the preview. The connection's headers and credentials are
// left out; a header of the action that usually holds a secret is hidden.
func (r *request) MarshalJSON() ([]byte, error) {
	shown := struct {
		Method  string            `json:"method"`
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers,omitempty"`
		Body    any               `json:"body,omitempty"`
		Pages   int               `json:"pages,omitempty"`
	}{Method: r.method, Pages: r.most, URL: unknownParts(r.preview.String()), Headers: map[string]string{}}
	if r.client.instance {
		shown.URL = strings.Replace(shown.URL, "https://instance.invalid", instancePlace, 1)
	}
	for name := range r.header {
		shown.Headers[name] = r.header.Get(name)
		if outbound.HoldsSecret(name) {
			shown.Headers[name] = privacy.Redacted
		}
	}
	switch {
	case r.body == nil:
	case json.Valid(r.body) && strings.Contains(r.header.Get("Content-Type"), "json"):
		shown.Body = json.RawMessage(r.body)
	default:
		shown.Body = string(r.body)
	}
	return encodeJSON(shown)
}

// unknownParts decodes the ⟨placeholders⟩ of unknown results in a preview's URL.
func unknownParts(u string) string {
	for {
		before, rest, found := strings.Cut(u, "%E2%9F%A8")
		inside, after, closed := strings.Cut(rest, "%E2%9F%A9")
		name, err := url.QueryUnescape(inside)
		if !found || !closed || err != nil {
			return u
		}
		u = before + "⟨" + name + "⟩" + after
	}
}
