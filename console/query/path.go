package query

import (
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"
)

// PathValue returns an unescaped part of the address.
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

// EventPath returns the address of the page of an event.
func EventPath(id string) string { return "/events/" + url.PathEscape(id) }

// RunPath returns the address of the page of a run.
func RunPath(id string) string { return "/runs/" + url.PathEscape(id) }

// MeetingPath returns the address of the page of a meeting.
func MeetingPath(id string) string { return "/meetings/" + url.PathEscape(id) }

// RulePath returns the address of the page of a rule.
func RulePath(name string) string { return "/rules/" + url.PathEscape(name) }

// ConnectionPath returns the address of the page of a connection.
func ConnectionPath(name string) string { return "/connections/" + url.PathEscape(name) }
