package outbound

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptrace"
	"strings"

	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/rules/params"
)

// Timed notes in x when the reply of a call with this context begins.
func Timed(ctx context.Context, x *params.Exchange) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotFirstResponseByte: x.FirstByte})
}

// Reply is a reply as people may see it.
type Reply struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    any               `json:"body,omitempty"`
	// Bytes is how long the body was, if it is not all here.
	Bytes int64 `json:"bytes,omitempty"`
}

// most of a reply that is looked through for what to show, in bytes.
const mostShown = 64 << 10

// NewReply returns a reply as people may see it, without what the gate hides.
// body is what was read of it.
func NewReply(resp *http.Response, body []byte, gate *privacy.Gate) *Reply {
	r := &Reply{Status: resp.StatusCode, Headers: ShownHeaders(resp.Header, gate)}
	if resp.ContentLength > int64(len(body)) {
		r.Bytes = resp.ContentLength
	}
	if len(body) > mostShown {
		r.Bytes = max(r.Bytes, int64(len(body)))
		body = body[:mostShown]
	}
	switch text := strings.ToValidUTF8(string(body), "\uFFFD"); {
	case json.Valid([]byte(text)):
		r.Body = gate.JSON(json.RawMessage(text))
	case r.Bytes > 0:
		// The mark lets the gate find a secret that is cut off here.
		r.Body = gate.Text(text + "…")
	case text != "":
		r.Body = gate.Text(text)
	}
	return r
}

// ShownHeaders returns headers by name in lower case, the first of several
// values, without the secrets in them.
func ShownHeaders(h http.Header, gate *privacy.Gate) map[string]string {
	out := make(map[string]string, len(h))
	for name, values := range h {
		if len(values) == 0 {
			continue
		}
		out[strings.ToLower(name)] = ShownHeader(name, strings.ToValidUTF8(values[0], "\uFFFD"), gate)
	}
	return out
}

// ShownHeader returns the value of a header as people may see it. Of a value that
// is usually a secret, only the scheme before it is shown.
func ShownHeader(name, value string, gate *privacy.Gate) string {
	if !HoldsSecret(name) {
		return gate.Text(value)
	}
	if scheme, _, found := strings.Cut(value, " "); found && strings.EqualFold(name, "Authorization") {
		return gate.Text(scheme) + " " + privacy.Redacted
	}
	return privacy.Redacted
}

// HoldsSecret reports whether a header with this name usually has a secret.
func HoldsSecret(header string) bool {
	h := strings.ToLower(header)
	for _, part := range []string{
		"authorization", "cookie", "token", "secret", "password", "api-key", "apikey", "signature", "session", "credential", "jwt",
	} {
		if strings.Contains(h, part) {
			return true
		}
	}
	return false
}
