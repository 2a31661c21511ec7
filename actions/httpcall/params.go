package httpcall

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/units"
	"github.com/gavel-rules/gavel/rules/values"
)

const defaultMaxResponse = 1 << 20

// Kind describes the action.
func Kind(d Deps) params.Kind {
	return params.Kind{
		Name: "http",
		Doc: "Calls an HTTP API. Every try of the same call carries the same Idempotency-Key. 408, 425, 429, 5xx and network errors are tried again; " +
			"any other status that is not expected ends the run.",
		New:                func() params.Params { return &settings{deps: d} },
		Connection:         "http",
		ConnectionOptional: true,
		NewResult:          func() any { return &Result{} },
		OtherResult:        func() any { return &Pages{} },
		Timeout:            defaultTimeout,
	}
}

type settings struct {
	Method      string                 `yaml:"method" enum:"GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS" doc:"GET when left out, or POST when there is a body."`
	URL         values.URL             `yaml:"url" required:"true" doc:"Path relative to the connection's base_url, or a full address." example:"/contacts/${{ actions.find.body.id }}"`
	Query       map[string]values.Text `yaml:"query" doc:"Query parameters; added to those of url." example:"{email: \"${{ meeting.meetingInfo.primaryInvitee }}\"}"`
	Headers     map[string]values.Text `yaml:"headers" dest:"header" doc:"Headers of this call."`
	JSON        values.Value           `yaml:"json" doc:"Body as JSON." example:"{email: \"${{ meeting.meetingInfo.primaryInvitee }}\"}"`
	Form        map[string]values.Text `yaml:"form" doc:"Body as an HTML form."`
	Text        values.Text            `yaml:"text" doc:"Body as text. When the header Content-Type says JSON, XML, HTML or a form, values are escaped for it; otherwise they are not escaped."`
	Expect      []string               `yaml:"expect" doc:"Statuses that count as success; 2xx when left out." example:"[200, 404]"`
	MaxResponse units.Size             `yaml:"max_response" default:"1MiB" doc:"How much of the reply is read, after decompression. With pages, of each page, and of all items together as JSON."`
	Pages       *pages                 `yaml:"pages" doc:"Read a list page by page; the expressions see page.number, from 1, page.status, page.headers and page.body."`

	deps Deps
}

// Build checks what does not depend on an event.
func (p *settings) Build(conn any) (params.Action, error) {
	a := &action{settings: *p}
	switch c := conn.(type) {
	case *Client:
		a.client = c
	case nil:
		a.client = &Client{transport: p.deps.Transport, userAgent: p.deps.UserAgent}
	default:
		return nil, &params.FieldError{Field: "connection", Err: errors.New("an http connection is required")}
	}
	if err := a.checkHost(conn == nil); err != nil {
		return nil, err
	}
	if err := a.checkBody(); err != nil {
		return nil, err
	}
	if err := a.checkText(); err != nil {
		return nil, err
	}
	if err := a.checkPages(); err != nil {
		return nil, err
	}
	for name := range a.Headers {
		if err := checkHeader(name, ""); err != nil {
			return nil, &params.FieldError{Field: "headers." + name, Err: err}
		}
	}
	if a.MaxResponse < 0 {
		return nil, &params.FieldError{Field: "max_response", Err: errors.New("must be positive")}
	}
	if a.MaxResponse == 0 {
		a.MaxResponse = defaultMaxResponse
	}
	var err error
	a.expected, err = parseExpect(a.Expect)
	return a, err
}

// checkHost rejects a url that would send the connection's credentials to
// another host.
func (a *action) checkHost(direct bool) error {
	host := a.URL.Host()
	switch {
	case direct && host == "":
		return &params.FieldError{
			Field: "url", Err: errors.New("has no host, and the action has no connection"),
			Hint: "set connection, or write the full URL",
		}
	case direct || host == "":
		return nil
	case a.client.base == nil || a.client.instance:
		return &params.FieldError{
			Field: "url", Err: errors.New("must be a path, because this connection gets its address with its token"),
		}
	case a.client.base.Scheme == "https" && strings.HasPrefix(a.URL.Source(), "http://"):
		return &params.FieldError{Field: "url", Err: errors.New("is http, but the connection is https"), Hint: "give only the path"}
	case !sameHost(host, a.client.base):
		return &params.FieldError{
			Field: "url", Err: fmt.Errorf("names the host %q, but the connection is for %q", host, a.client.base.Host),
			Hint: "give only the path, or remove the connection; credentials are not sent to other hosts",
		}
	}
	return nil
}

func (a *action) checkBody() error {
	bodies := ""
	for _, b := range []struct {
		name  string
		given bool
	}{{"json", !a.JSON.IsZero()}, {"form", a.Form != nil}, {"text", !a.settings.Text.IsZero()}} {
		if !b.given {
			continue
		}
		if bodies != "" {
			return &params.FieldError{Field: b.name, Err: fmt.Errorf("%s is given already", bodies), Hint: "an action has one body: json, form or text"}
		}
		bodies = b.name
	}
	if a.Method == "" {
		a.Method = http.MethodGet
		if bodies != "" {
			a.Method = http.MethodPost
		}
	}
	if bodies != "" && (a.Method == http.MethodGet || a.Method == http.MethodHead) {
		return &params.FieldError{Field: bodies, Err: fmt.Errorf("a %s request has no body", a.Method), Hint: "leave method out, or use POST, PUT or PATCH"}
	}
	return nil
}

// checkText finds values in places where no escaping is safe, and JSON that is
// written as text.
func (a *action) checkText() error {
	if skeleton, ok := a.JSON.Skeleton(mark("")); ok && (strings.HasPrefix(strings.TrimSpace(skeleton), "{") || looksLikeJSON(skeleton)) {
		return &params.FieldError{
			Field: "json", Err: errors.New("is JSON written as text; it would be sent as one string"),
			Hint: `write it as YAML, as in json: { email: "${{ meeting.meetingInfo.primaryInvitee }}" }`,
		}
	}
	if a.settings.Text.IsZero() {
		return nil
	}
	for name, value := range a.Headers {
		contentType, ok := value.Literal()
		if !ok || !strings.EqualFold(name, "Content-Type") {
			continue
		}
		if _, err := fill(a.settings.Text.Skeleton(mark("x")), contentType); err != nil {
			return &params.FieldError{Field: "text", Err: err, Hint: "move the value, or remove it"}
		}
		if a.settings.Text.Escapes(eval.EscapeXML) && (strings.Contains(contentType, "xml") || strings.Contains(contentType, "html")) {
			return &params.FieldError{
				Field: "text", Err: errors.New("xml() would escape a second time: with this Content-Type, values are escaped already"), Hint: "remove xml()",
			}
		}
	}
	return nil
}

type action struct {
	settings
	client   *Client
	expected statuses
}

// statuses are those that count as success: single ones, and classes by their
// first digit.
type statuses struct {
	single map[int]bool
	class  map[int]bool
}

func (s statuses) has(status int) bool { return s.single[status] || s.class[status/100] }

func parseExpect(list []string) (statuses, error) {
	s := statuses{single: map[int]bool{}, class: map[int]bool{}}
	if len(list) == 0 {
		s.class[2] = true
		return s, nil
	}
	for _, e := range list {
		digits, isClass := strings.CutSuffix(e, "xx")
		n, err := strconv.Atoi(digits)
		switch {
		case err == nil && isClass && n >= 2 && n <= 5:
			s.class[n] = true
		case err == nil && !isClass && n >= 200 && n <= 599:
			s.single[n] = true
		default:
			return s, &params.FieldError{Field: "expect", Err: fmt.Errorf("%q is not a status", e), Hint: "write a number such as 404, or a class such as 2xx"}
		}
	}
	return s, nil
}

// Aim implements params.Aimed: the method, the host and the path, without what may
// be secret in a query.
func (a *action) Aim() string {
	where := withoutQuery(a.URL.Source())
	_, rest, full := strings.Cut(where, "://")
	switch {
	case full:
		where = rest[strings.LastIndex(rest, "@")+1:]
	case a.client.base != nil:
		where = a.client.base.Host + strings.TrimRight(a.client.base.Path, "/") + "/" + strings.TrimLeft(where, "/")
	}
	if a.Pages != nil {
		where += ", page by page"
	}
	return a.Method + " " + where
}

// withoutQuery cuts an address before its query. A question mark within ${{ }}
// belongs to an expression.
func withoutQuery(address string) string {
	inside := false
	for i := range address {
		switch rest := address[i:]; {
		case strings.HasPrefix(rest, "${{"):
			inside = true
		case inside && strings.HasPrefix(rest, "}}"):
			inside = false
		case !inside && (rest[0] == '?' || rest[0] == '#'):
			return address[:i]
		}
	}
	return address
}
