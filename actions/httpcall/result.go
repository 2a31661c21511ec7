package httpcall

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"
)

// Result is what later actions see.
type Result struct {
	Status int `json:"status" expr:"status" doc:"Status of the reply, such as 201."`
	// Headers have lower-case names; of several values the first is kept.
	Headers map[string]string `json:"headers" expr:"headers" doc:"Headers of the reply, by name in lower case; of several values the first. Set-Cookie is left out."`
	// Body is the parsed JSON when the reply is JSON, its text otherwise.
	Body any `json:"body" expr:"body" doc:"The parsed reply when it is JSON, its text otherwise. Not checked for field names: what is missing is nil."`
	// Truncated says that the reply was longer than max_response.
	Truncated bool `json:"truncated" expr:"truncated" doc:"Whether the reply was longer than max_response and was cut; body is then text."`
}

// UnmarshalJSON keeps whole numbers whole, so that a long numeric id survives
// the store.
func (r *Result) UnmarshalJSON(data []byte) error {
	type plain Result
	var raw struct {
		plain
		Body json.RawMessage `json:"body"`
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	*r = Result(raw.plain)
	r.Body = nil
	if len(raw.Body) > 0 {
		r.Body, _ = parseJSON(raw.Body)
	}
	return nil
}

func newResult(resp *http.Response, body []byte, limit int64) *Result {
	r := &Result{Status: resp.StatusCode, Headers: map[string]string{}}
	for name, values := range resp.Header {
		if len(values) > 0 && !strings.EqualFold(name, "Set-Cookie") {
			r.Headers[strings.ToLower(name)] = strings.ToValidUTF8(values[0], "\uFFFD")
		}
	}
	if int64(len(body)) > limit {
		body, r.Truncated = body[:limit], true
	}
	if !r.Truncated && isJSON(resp.Header.Get("Content-Type")) {
		if v, ok := parseJSON(body); ok {
			r.Body = v
			return r
		}
	}
	r.Body = strings.ToValidUTF8(string(body), "\uFFFD")
	return r
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || media == "text/json" || strings.HasSuffix(media, "+json"))
}

// parseJSON decodes one JSON value; whole numbers become int64 where they fit.
func parseJSON(b []byte) (any, bool) {
	if len(bytes.TrimSpace(b)) == 0 {
		return nil, true
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, false
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, false
	}
	return numbers(v), true
}

func numbers(v any) any {
	switch x := v.(type) {
	case json.Number:
		if i, err := x.Int64(); err == nil {
			return i
		}
		f, err := x.Float64()
		if err != nil {
			return x.String()
		}
		return f
	case map[string]any:
		for k, item := range x {
			x[k] = numbers(item)
		}
	case []any:
		for i, item := range x {
			x[i] = numbers(item)
		}
	}
	return v
}
