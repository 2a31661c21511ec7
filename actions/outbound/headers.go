package outbound

import (
	"net/http"

	"github.com/gavel-rules/gavel/rules/params"
)

// SetHeaders sets the headers of every call: User-Agent, and Idempotency-Key,
// by which the peer can recognize a repeat. An empty value sets none.
func SetHeaders(h http.Header, d params.Delivery, userAgent string) {
	if userAgent != "" {
		h.Set("User-Agent", userAgent)
	}
	if d.Key != "" {
		h.Set("Idempotency-Key", d.Key)
	}
}
