// Package httpapi serves the API under /api/v1. Its types are those of package
// api; openapi.yaml of package console describes it.
package httpapi

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/gavel-rules/gavel/console/access"
	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/console/live"
)

// API serves the requests under /api/v1.
type API struct {
	backend.Backend
	access *access.Access
	views  *live.Views
	// openapi is the document that describes it.
	openapi []byte
}

// New returns the API of a program; document is its description as YAML.
func New(b backend.Backend, access *access.Access, views *live.Views, document []byte) *API {
	return &API{Backend: b, access: access, views: views, openapi: document}
}

// Routes adds the addresses of the API.
func (a *API) Routes(r chi.Router) {
	r.Use(a.versioned)
	r.Get("/openapi.yaml", accepts(a.document))
	r.Get("/status", accepts(a.status))
	r.Get("/day", accepts(a.day))
	r.Get("/refused", accepts(a.refused))
	r.Get("/rules", accepts(a.rules))
	r.Get("/rules/{name}", accepts(a.rule))
	r.Get("/connections", accepts(a.connections))
	r.Get("/connections/{name}", accepts(a.connection))
	r.Get("/events", accepts(a.events, "type", "meeting", "owner", "outcome", "q", "since", "until", "limit", "cursor"))
	r.Get("/events/{id}", accepts(a.event))
	r.Get("/live/events", accepts(a.liveEvents, "type", "meeting", "owner", "outcome", "q"))
	r.Get("/runs", accepts(a.runs, "status", "rule", "event", "meeting", "shadow", "owner", "q", "sort", "due_before", "since", "until", "limit", "cursor"))
	r.Get("/runs/{id}", accepts(a.run))
	r.Get("/export/events", accepts(a.exportEvents, "type", "meeting", "since", "until", "limit", "cursor"))
	r.Get("/export/runs", accepts(a.exportRuns, "status", "rule", "event", "meeting", "shadow", "since", "until", "limit", "cursor"))
	for verb := range a.Verbs() {
		r.Post("/runs/{id}/"+verb, accepts(a.change(verb)))
	}
	a.issueRoutes(r)
	r.Get("/meetings/{id}", accepts(a.meeting))
	if a.LogLevel != nil {
		r.Get("/log-level", accepts(a.logLevel))
		r.Put("/log-level", accepts(a.setLogLevel))
	}
	if a.Analyst != nil {
		r.Get("/report", accepts(a.report, "since", "until", "zone", "late", "top"))
	}
	if a.Desk != nil {
		a.deskRoutes(r)
	}
}

func (a *API) document(w http.ResponseWriter, r *http.Request) {
	answer.Tagged(w, r, "application/yaml", a.openapi)
}

// problemOf responds with an error.
func (a *API) problemOf(w http.ResponseWriter, r *http.Request, err error) {
	answer.Failure(w, r, a.Logger, err)
}

// orEmpty makes JSON say [] rather than null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
