package httpcall

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/dustin/go-humanize"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language/eval"
)

// Result is what later actions can use.
type Result struct {
	Status int `json:"status" expr:"status" doc:"Status of the reply, such as 201."`
	// Headers have lower-case names; of several values the first is kept.
	Headers map[string]string `json:"headers" expr:"headers" doc:"Headers of the reply, by name in lower case; the first if there are several values. Set-Cookie is left out."`
	// Body is the parsed JSON when the reply is JSON, its text otherwise.
	Body any `json:"body" expr:"body" doc:"The parsed reply when it is JSON, its text otherwise. Field names are not checked: a missing field is nil."`
	// Truncated says that the reply was longer than max_response.
	Truncated bool `json:"truncated" expr:"truncated" doc:"Whether the reply exceeded max_response and was cut; body is then text."`
	// Unparsed says why Body is the reply's text.
	Unparsed string `json:"unparsed" expr:"unparsed" doc:"Why body is text and not parsed JSON, as in: is text/html, not JSON. Empty when it is parsed or there is no body."`
	eval.Failed
}

// Misread implements rules.Misreadable.
func (r *Result) Misread() string { return r.Unparsed }

// UnmarshalJSON keeps numbers exact, so that a long numeric id survives the
// store.
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
		r.Body, _ = parseJSON(raw.Body) // it was encoded from a value
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
		body, r.Truncated = wholeCharacters(body[:limit]), true
	}
	contentType := resp.Header.Get("Content-Type")
	body = decodeText(body, contentType)
	switch {
	case r.Truncated:
		r.Unparsed = "was cut at " + humanize.IBytes(uint64(limit)) + ", which is max_response"
	case isJSON(contentType):
		v, err := parseJSON(body)
		if err == nil {
			r.Body = v
			return r
		}
		r.Unparsed = "is not valid JSON despite its Content-Type"
		if errors.Is(err, io.ErrUnexpectedEOF) {
			r.Unparsed = "is incomplete JSON"
		}
	case len(body) > 0:
		r.Unparsed = mediaType(contentType)
	}
	r.Body = string(body)
	return r
}

// mediaType names the type of a reply for people.
func mediaType(contentType string) string {
	media, _, err := mime.ParseMediaType(contentType)
	switch {
	case contentType == "":
		return "has no Content-Type and is treated as text"
	case err != nil || len(media) > 60:
		return "is of an unknown type, not JSON"
	}
	return "is " + clean(media) + ", not JSON"
}

// wholeCharacters removes an incomplete character from the end.
func wholeCharacters(b []byte) []byte {
	for i := len(b) - 1; i >= 0 && i >= len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:]) {
				return b[:i]
			}
			break
		}
	}
	return b
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || media == "text/json" || strings.HasSuffix(media, "+json"))
}

// parseJSON decodes one JSON value, with exact numbers.
func parseJSON(b []byte) (any, error) {
	if len(bytes.TrimSpace(b)) == 0 {
		return nil, nil
	}
	return event.ReadJSON(b)
}
