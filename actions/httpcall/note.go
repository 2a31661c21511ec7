package httpcall

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/rules/params"
)

// gate hides the secrets of the connection and of a call.
func (r *request) gate(p pass) *privacy.Gate {
	return privacy.GateFor(p.value, tokenOf(p)).And(r.client.redact)
}

// noteSent notes the headers that the action did not give.
func (r *request) noteSent(d params.Delivery, req *http.Request, p pass) {
	if d.Exchange == nil {
		return
	}
	sent := params.Sent{IdempotencyKey: d.Key, Headers: map[string]string{}}
	for name, values := range req.Header {
		if _, own := r.header[name]; own || len(values) == 0 || name == "Idempotency-Key" {
			continue
		}
		sent.Headers[name] = outbound.ShownHeader(name, values[0], r.client.redact)
		if strings.EqualFold(name, p.header) && !outbound.HoldsSecret(name) {
			sent.Headers[name] = privacy.Redacted
		}
	}
	d.Exchange.Sent(sent)
}

// noteFailure notes a reply that is not a result. body is what was read of it.
func (r *request) noteFailure(d params.Delivery, resp *http.Response, body []byte, p pass) {
	if d.Exchange == nil {
		return
	}
	read := *resp
	if int64(len(body)) > r.maxResponse {
		read.ContentLength = max(resp.ContentLength, int64(len(body)))
		body = wholeCharacters(body[:r.maxResponse])
	}
	d.Exchange.Answered(outbound.NewReply(&read, decodeText(body, resp.Header.Get("Content-Type")), r.gate(p)))
}

// noteSuccess notes a result in which something is to be hidden, or that is not
// the whole reply. Any other is shown as it is.
func (r *request) noteSuccess(d params.Delivery, resp *http.Response, result *Result, p pass) {
	_, issued := r.client.auth.(*tokenAuth) // tokens that the engine does not know
	hidden := issued || result.Truncated
	shown := struct {
		*Result
		Headers map[string]string `json:"headers"`
		Bytes   int64             `json:"bytes,omitempty"`
	}{Result: result, Headers: map[string]string{}}
	for name, value := range result.Headers {
		if shown.Headers[name] = value; outbound.HoldsSecret(name) {
			shown.Headers[name], hidden = privacy.Redacted, true
		}
	}
	if !hidden || d.Exchange == nil {
		return
	}
	if result.Truncated && resp.ContentLength > 0 {
		shown.Bytes = resp.ContentLength
	}
	raw, err := json.Marshal(shown)
	if err != nil {
		return
	}
	if issued {
		raw = privacy.GateFor(p.value, tokenOf(p)).JSON(raw)
	}
	d.Exchange.Answered(json.RawMessage(raw))
}
