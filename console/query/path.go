package query

import (
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"
)

// PathValue returns a part of the address as it was before it was escaped.
func PathValue(r *http.Request, name string) string {
	raw := chi.URLParam(r, name)
	if r.URL.RawPath == "" {
		return raw // the router saw the address unescaped
	}
	if v, err := url.PathUnescape(raw); err == nil {
		return v
	}
	return raw
}

// EventPath is the address of the page about an event.
func EventPath(id string) string { return "/events/" + url.PathEscape(id) }

// RunPath is the address of the page about a run.
func RunPath(id string) string { return "/runs/" + url.PathEscape(id) }

// MeetingPath is the address of the page about a meeting.
func MeetingPath(id string) string { return "/meetings/" + url.PathEscape(id) }
