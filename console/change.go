package console

import (
	"context"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"
)

// verbs are what people can do to a run, by the name in the address.
func (c *Console) verbs() map[string]func(context.Context, string) error {
	return map[string]func(context.Context, string) error{
		"retry": c.Operator.Retry, "cancel": c.Operator.Cancel, "run-now": c.Operator.RunNow,
	}
}

// changeFromPage carries out a button of the run's page and goes back to it.
func (c *Console) changeFromPage(verb string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := pathValue(r, "id")
		if err := c.verbs()[verb](r.Context(), id); err != nil {
			c.faultOf(w, r, err)
			return
		}
		http.Redirect(w, r, runPath(id)+"?done="+url.QueryEscape(verb), http.StatusSeeOther)
	}
}

// pathValue returns a part of the address as it was before it was escaped.
func pathValue(r *http.Request, name string) string {
	raw := chi.URLParam(r, name)
	if r.URL.RawPath == "" {
		return raw // the router saw the address unescaped
	}
	if v, err := url.PathUnescape(raw); err == nil {
		return v
	}
	return raw
}

func eventPath(id string) string   { return "/events/" + url.PathEscape(id) }
func runPath(id string) string     { return "/runs/" + url.PathEscape(id) }
func meetingPath(id string) string { return "/meetings/" + url.PathEscape(id) }
