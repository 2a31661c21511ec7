package answer

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

// Problem responds with an error that a program can read.
func Problem(w http.ResponseWriter, status int, detail string) {
	ProblemOfType(w, "about:blank", status, detail)
}

// ProblemOfType is Problem with a type of its own, such as api.UnknownAddress.
func ProblemOfType(w http.ResponseWriter, kind string, status int, detail string) {
	write(w, status, "application/problem+json", api.Problem{
		Type: kind, Title: http.StatusText(status), Status: status, Detail: detail,
	})
}

// StatusOf returns the HTTP status for a kind of error.
func StatusOf(err error) int {
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

// Failure responds with an error. Internal errors are logged and not shown to
// the client.
func Failure(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	status := StatusOf(err)
	detail := err.Error()
	if status >= http.StatusInternalServerError {
		log.Error("console request failed", "path", r.URL.Path, "error", err)
		detail = "internal error; see the log of Gavel"
	}
	Problem(w, status, detail)
}

// Invalid returns an error about a request.
func Invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{event.ErrInvalid}, args...)...)
}
