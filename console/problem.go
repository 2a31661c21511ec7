package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

// problem answers with an error that a program can read.
func problem(w http.ResponseWriter, status int, detail string) {
	problemOfType(w, "about:blank", status, detail)
}

func problemOfType(w http.ResponseWriter, kind string, status int, detail string) {
	write(w, status, "application/problem+json", api.Problem{
		Type: kind, Title: http.StatusText(status), Status: status, Detail: detail,
	})
}

// statusOf turns a kind of error into an HTTP status.
func statusOf(err error) int {
	for kind, status := range map[error]int{
		event.ErrInvalid: http.StatusBadRequest, event.ErrNotFound: http.StatusNotFound,
		event.ErrConflict: http.StatusConflict, event.ErrDuplicate: http.StatusConflict,
		event.ErrUnavailable: http.StatusServiceUnavailable,
	} {
		if errors.Is(err, kind) {
			return status
		}
	}
	return http.StatusInternalServerError
}

// problemOf answers with an error. What is wrong inside Gavel goes to the log
// and not to the client.
func (c *Console) problemOf(w http.ResponseWriter, r *http.Request, err error) {
	status := statusOf(err)
	detail := err.Error()
	if status >= http.StatusInternalServerError {
		c.Logger.Error("console request failed", "path", r.URL.Path, "error", err)
		detail = "it could not be read now; the log says why"
	}
	problem(w, status, detail)
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{event.ErrInvalid}, args...)...)
}

func writeJSON(w http.ResponseWriter, status int, v any) { write(w, status, "application/json", v) }

func write(w http.ResponseWriter, status int, contentType string, v any) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the peer may have gone
}

func (c *Console) notFound(w http.ResponseWriter, r *http.Request) {
	if wantsPage(r) {
		c.fault(w, r, http.StatusNotFound, "There is no such page", "The address may be mistyped. The links above lead on.")
		return
	}
	if isAPI(r) {
		problemOfType(w, api.UnknownAddress, http.StatusNotFound, "there is nothing at this address; /api/v1/openapi.yaml lists those there are")
		return
	}
	problem(w, http.StatusNotFound, "there is nothing at this address")
}

func (c *Console) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	path := r.URL.RawPath
	if path == "" {
		path = r.URL.Path
	}
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if !c.router.Match(chi.NewRouteContext(), method, path) {
			continue
		}
		allowed = append(allowed, method)
		if method == http.MethodGet {
			allowed = append(allowed, http.MethodHead)
		}
	}
	methods := strings.Join(allowed, ", ")
	w.Header().Set("Allow", methods)
	problem(w, http.StatusMethodNotAllowed, "this address does not take "+r.Method+", only "+methods)
}
