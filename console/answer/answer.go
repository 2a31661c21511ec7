// Package answer writes responses for programs: JSON with an ETag, and
// problems.
package answer

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
)

// JSON sends v with an ETag, or 304 if the client has it already.
func JSON(w http.ResponseWriter, r *http.Request, v any) {
	body, err := Encoded(v)
	if err != nil {
		Problem(w, http.StatusInternalServerError, "the answer could not be written as JSON")
		return
	}
	Tagged(w, r, "application/json", body)
}

// Tagged sends a body with an ETag, or 304 if the client has it already.
func Tagged(w http.ResponseWriter, r *http.Request, contentType string, body []byte) {
	sum := sha256.Sum256(body)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	h := w.Header()
	h.Set("ETag", tag)
	h.Set("Cache-Control", "private, no-cache")
	if reads := r.Method == http.MethodGet || r.Method == http.MethodHead; reads && matchesTag(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", contentType)
	_, _ = w.Write(body) // #nosec G705 -- JSON or YAML by its type, which browsers respect; the client may have gone
}

// Encoded returns v as JSON with a line break at its end, without HTML
// escaping: no response of the API is shown as a page.
func Encoded(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

func matchesTag(header, tag string) bool {
	for given := range strings.SplitSeq(header, ",") {
		given = strings.TrimPrefix(strings.TrimSpace(given), "W/")
		if given == tag || given == "*" {
			return true
		}
	}
	return false
}

// WriteJSON responds with v, which is not to be cached.
func WriteJSON(w http.ResponseWriter, status int, v any) { write(w, status, "application/json", v) }

func write(w http.ResponseWriter, status int, contentType string, v any) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may have gone
}
