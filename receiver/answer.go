package receiver

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// retryAfter is the Retry-After of a 503, in seconds. It is short: usually the
// store is just restarting.
const retryAfter = "5"

// writeOutcome answers 200: the event is safe.
func writeOutcome(w http.ResponseWriter, id string, o Outcome) {
	if strings.ContainsFunc(id, escaped) {
		writeJSON(w, http.StatusOK, struct {
			EventID string  `json:"eventId"`
			Status  Outcome `json:"status"`
		}{id, o})
		return
	}
	data := make([]byte, 0, 128)
	data = append(append(data, `{"eventId":"`...), id...)
	data = append(append(append(data, `","status":"`...), o...), `"}`...)
	write(w, http.StatusOK, data)
}

// escaped reports whether r may need escaping in JSON.
func escaped(r rune) bool {
	return r < ' ' || r > '~' || strings.ContainsRune(`"\<>&`, r)
}

// reject answers, counts and logs a refusal.
func (r *Receiver) reject(w http.ResponseWriter, req *http.Request, began time.Time, rej *rejection) {
	h := w.Header()
	if rej.status == http.StatusServiceUnavailable {
		h.Set("Retry-After", retryAfter)
	}
	if rej.closing {
		h.Set("Connection", "close")
	}
	writeJSON(w, rej.status, struct {
		Error string `json:"error"`
	}{rej.text})
	now := r.now()
	if r.observer != nil {
		r.observer.Rejected(rej.reason, now.Sub(began))
	}
	if r.refused != nil {
		source, _, _ := sourceOf(req.RemoteAddr)
		r.refused(rej.reason, source, now)
	}
	r.journal.rejected(req, rej, now)
}

func (r *Receiver) observeOutcome(o Outcome, took time.Duration) {
	switch {
	case r.observer == nil:
	case o == Duplicate:
		r.observer.Duplicate(took)
	default:
		r.observer.Accepted(took)
	}
}

func (r *Receiver) notFound(w http.ResponseWriter, req *http.Request) {
	r.reject(w, req, r.now(), &rejection{
		status: http.StatusNotFound, reason: ReasonNotFound, text: "not found",
	})
}

func (r *Receiver) methodNotAllowed(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Allow", http.MethodPost)
	r.reject(w, req, r.now(), &rejection{
		status: http.StatusMethodNotAllowed, reason: ReasonMethod, text: "method not allowed; use POST",
	})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		// Not reached: the bodies are structs of strings.
		status, data = http.StatusInternalServerError, []byte(`{"error":"internal error"}`)
	}
	write(w, status, data)
}

// Header values shared by all answers. They must not be changed.
var (
	typeJSON = []string{"application/json"}
	noSniff  = []string{"nosniff"}
)

func write(w http.ResponseWriter, status int, data []byte) {
	h := w.Header()
	h["Content-Type"], h["X-Content-Type-Options"] = typeJSON, noSniff
	h.Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	// On an error the sender has disconnected; it will send again.
	_, _ = w.Write(data)
}
