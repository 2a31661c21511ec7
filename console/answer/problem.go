package answer

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

// Problem answers with an error that a program can read.
func Problem(w http.ResponseWriter, status int, detail string) {
	ProblemOfType(w, "about:blank", status, detail)
}

// ProblemOfType is Problem with a type of its own, such as api.UnknownAddress.
func ProblemOfType(w http.ResponseWriter, kind string, status int, detail string) {
	write(w, status, "application/problem+json", api.Problem{
		Type: kind, Title: http.StatusText(status), Status: status, Detail: detail,
	})
}

// StatusOf turns a kind of error into an HTTP status.
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

// Failure answers with an error. What is wrong inside Gavel goes to the log and
// not to the client.
func Failure(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	status := StatusOf(err)
	detail := err.Error()
	if status >= http.StatusInternalServerError {
		log.Error("console request failed", "path", r.URL.Path, "error", err)
		detail = "it could not be read now; the log says why"
	}
	Problem(w, status, detail)
}

// Invalid says what is wrong with a request.
func Invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{event.ErrInvalid}, args...)...)
}
