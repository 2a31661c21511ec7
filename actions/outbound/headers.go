package outbound

import (
	"net/http"

	"github.com/gavel-rules/gavel/rules/params"
)

// SetHeaders puts on a request what every call of a run carries: who calls, and the
// key by which the other side can tell a repeat.
func SetHeaders(h http.Header, d params.Delivery, userAgent string) {
	if userAgent != "" {
		h.Set("User-Agent", userAgent)
	}
	if d.Key != "" {
		h.Set("Idempotency-Key", d.Key)
	}
}
