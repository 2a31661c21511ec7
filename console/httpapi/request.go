package httpapi

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/console/words"
)

// versioned adds the version header to every response.
func (a *API) versioned(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(api.VersionHeader, a.Version)
		next.ServeHTTP(w, r)
	})
}

// accepts rejects unknown parameters: a misspelt filter would otherwise select
// everything.
func accepts(h http.HandlerFunc, names ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for name, values := range r.URL.Query() {
			given := strconv.Quote(words.Clip(name, 60))
			switch {
			case slices.Contains(names, name) && len(values) == 1:
			case slices.Contains(names, name):
				answer.Problem(w, http.StatusBadRequest, "the parameter "+given+" is given more than once")
				return
			case len(names) == 0:
				answer.Problem(w, http.StatusBadRequest, "unknown parameter "+given+": this address has no parameters")
				return
			default:
				answer.Problem(w, http.StatusBadRequest, "unknown parameter "+given+"; use "+strings.Join(names, ", "))
				return
			}
		}
		h(w, r)
	}
}

// read decodes the JSON of a request. When it returns false, it has responded.
func read(w http.ResponseWriter, r *http.Request, most int64, into any) bool {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		answer.Problem(w, http.StatusUnsupportedMediaType, "send JSON, with Content-Type: application/json")
		return false
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, most))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("extra data after the JSON")
		}
	}
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		answer.Problem(w, http.StatusRequestEntityTooLarge, "the request is larger than "+strconv.FormatInt(most, 10)+" bytes")
		return false
	}
	if err != nil {
		answer.Problem(w, http.StatusBadRequest, "the request is not the expected JSON: "+strings.TrimPrefix(err.Error(), "json: "))
		return false
	}
	return true
}

// eventID returns the id of the event that the address names by its beginning.
// When it returns false, it has responded.
func (a *API) eventID(w http.ResponseWriter, r *http.Request) (string, bool) {
	id, err := query.EventID(r.Context(), a.Ledger, query.PathValue(r, "id"))
	if err != nil {
		a.problemOf(w, r, err)
	}
	return id, err == nil
}

// runID is eventID for a run.
func (a *API) runID(w http.ResponseWriter, r *http.Request) (string, bool) {
	id, err := query.RunID(r.Context(), a.Ledger, query.PathValue(r, "id"))
	if err != nil {
		a.problemOf(w, r, err)
	}
	return id, err == nil
}

// longest bounds the response to a request that reads everything stored.
const longest = time.Hour

// noDeadline lets a response take longer than the server's limit.
func noDeadline(w http.ResponseWriter) {
	// Test recorders do not support deadlines.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(longest))
}
