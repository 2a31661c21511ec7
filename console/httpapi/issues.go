package httpapi

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/access"
	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/query"
)

func (a *API) issueRoutes(r chi.Router) {
	r.Get("/issues", accepts(a.issues, "state", "rule", "connection"))
	r.Get("/issues/{id}", accepts(a.issue, "cursor"))
	r.Post("/issues/{id}/resolve", accepts(a.resolveIssue))
	r.Post("/issues/{id}/mute", accepts(a.muteIssue))
	r.Post("/issues/{id}/unmute", accepts(a.unmuteIssue))
	r.Post("/issues/{id}/retry", accepts(a.retryIssue))
}

func (a *API) issues(w http.ResponseWriter, r *http.Request) {
	q, err := query.ParseIssues(r.URL.Query(), a.Now())
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	list, err := a.Issues.Issues(r.Context(), q)
	respond(a, w, r, api.Page[api.Issue]{Items: orEmpty(list)}, err)
}

func (a *API) issue(w http.ResponseWriter, r *http.Request) {
	found, err := a.Issues.Issue(r.Context(), query.PathValue(r, "id"), r.URL.Query().Get("cursor"))
	respond(a, w, r, found, err)
}

func (a *API) resolveIssue(w http.ResponseWriter, r *http.Request) {
	var in api.ResolveRequest
	if r.ContentLength != 0 && !read(w, r, maxRequest, &in) {
		return
	}
	changed, err := a.Issues.ResolveIssue(r.Context(), query.PathValue(r, "id"), in, access.ByAPI(r))
	respond(a, w, r, changed, err)
}

func (a *API) muteIssue(w http.ResponseWriter, r *http.Request) {
	var in api.MuteRequest
	if !read(w, r, maxRequest, &in) {
		return
	}
	changed, err := a.Issues.MuteIssue(r.Context(), query.PathValue(r, "id"), in, access.ByAPI(r))
	respond(a, w, r, changed, err)
}

func (a *API) unmuteIssue(w http.ResponseWriter, r *http.Request) {
	changed, err := a.Issues.UnmuteIssue(r.Context(), query.PathValue(r, "id"), access.ByAPI(r))
	respond(a, w, r, changed, err)
}

func (a *API) retryIssue(w http.ResponseWriter, r *http.Request) {
	var in api.RetryRequest
	if !read(w, r, maxRequest, &in) {
		return
	}
	noDeadline(w)
	done, err := a.Issues.RetryIssue(r.Context(), query.PathValue(r, "id"), in, access.ByAPI(r))
	respond(a, w, r, done, err)
}

// respond answers with what was found or done, or with the error.
func respond(a *API, w http.ResponseWriter, r *http.Request, v any, err error) {
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, v)
}
