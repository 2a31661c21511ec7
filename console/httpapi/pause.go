package httpapi

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/access"
	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/event"
)

// pauseRoutes adds the addresses to pause and resume what sends.
func (a *API) pauseRoutes(r chi.Router) {
	r.Get("/pauses", accepts(a.pauses))
	r.Get("/scheduled", accepts(a.scheduled, "rule", "connection", "held", "due_before", "limit", "cursor"))
	r.Get("/runs/{id}/upcoming", accepts(a.upcoming))
	r.Post("/runs/{id}/postpone", accepts(a.postpone))
	for address, key := range map[string]func(*http.Request) event.PauseKey{
		"":                    func(*http.Request) event.PauseKey { return event.PauseAll },
		"/rules/{name}":       func(r *http.Request) event.PauseKey { return event.PauseRule(query.PathValue(r, "name")) },
		"/connections/{name}": func(r *http.Request) event.PauseKey { return event.PauseConnection(query.PathValue(r, "name")) },
	} {
		r.Post(address+"/pause", accepts(a.pause(key)))
		r.Post(address+"/resume", accepts(a.resume(key)))
	}
}

func (a *API) pauses(w http.ResponseWriter, r *http.Request) {
	list, err := a.Desk.Pauses(r.Context())
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, api.Page[api.Pause]{Items: orEmpty(list)})
}

func (a *API) pause(key func(*http.Request) event.PauseKey) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in api.PauseRequest
		if !read(w, r, maxRequest, &in) {
			return
		}
		p, err := a.Desk.Pause(r.Context(), key(r), in, access.ByAPI(r))
		if err != nil {
			a.problemOf(w, r, err)
			return
		}
		answer.JSON(w, r, p)
	}
}

func (a *API) resume(key func(*http.Request) event.PauseKey) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in api.ResumeRequest
		if !read(w, r, maxRequest, &in) {
			return
		}
		out, err := a.Desk.Resume(r.Context(), key(r), in, access.ByAPI(r))
		if err != nil {
			a.problemOf(w, r, err)
			return
		}
		answer.JSON(w, r, out)
	}
}

func (a *API) scheduled(w http.ResponseWriter, r *http.Request) {
	q, err := query.ParseScheduled(r.URL.Query(), a.Now(), 50)
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	list, err := a.Desk.Scheduled(r.Context(), q)
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	out := api.Page[api.Scheduled]{Items: orEmpty(list.Items)}
	if list.Next != nil {
		out.Next = query.CursorOfPlace(*list.Next)
	}
	answer.JSON(w, r, out)
}

func (a *API) upcoming(w http.ResponseWriter, r *http.Request) {
	id, ok := a.runID(w, r)
	if !ok {
		return
	}
	one, err := a.Desk.Upcoming(r.Context(), id)
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, one)
}

func (a *API) postpone(w http.ResponseWriter, r *http.Request) {
	var in api.PostponeRequest
	if !read(w, r, maxRequest, &in) {
		return
	}
	id, ok := a.runID(w, r)
	if !ok {
		return
	}
	if err := a.Desk.Postpone(r.Context(), id, in.Until, access.ByAPI(r)); err != nil {
		a.problemOf(w, r, err)
		return
	}
	a.answerRun(w, r, id)
}
