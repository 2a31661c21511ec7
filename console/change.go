package console

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"

	"github.com/gavel-rules/gavel/event"
)

// verbs are what people can do to a run, by the name in the address.
func (c *Console) verbs() map[string]func(ctx context.Context, runID, by string) error {
	return map[string]func(ctx context.Context, runID, by string) error{
		"retry": c.Operator.Retry, "cancel": c.Operator.Cancel, "run-now": c.Operator.RunNow,
	}
}

// changeFromPage carries out a button of the run's page and goes back to it.
func (c *Console) changeFromPage(verb string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := pathValue(r, "id")
		if err := c.verbs()[verb](r.Context(), id, byPage(r)); err != nil {
			c.faultOf(w, r, err)
			return
		}
		http.Redirect(w, r, runPath(id)+"?done="+url.QueryEscape(verb), http.StatusSeeOther)
	}
}

// retryMany carries out the button above a list of failed runs: it retries
// those that the list showed. One that has changed since is left as it is.
func (c *Console) retryMany(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		c.faultOf(w, r, invalid("the form cannot be read"))
		return
	}
	ids := r.PostForm["id"]
	if len(ids) > pageMost {
		c.faultOf(w, r, invalid("at most %d runs are retried at once", pageMost))
		return
	}
	for _, id := range ids {
		err := c.Operator.Retry(r.Context(), id, byPage(r))
		if err == nil {
			c.Logger.Info("run retried from the list", "run_id", id, "remote", r.RemoteAddr, "by", c.session.Load().who(r))
		}
		if err != nil && !errors.Is(err, event.ErrConflict) && !errors.Is(err, event.ErrNotFound) {
			c.faultOf(w, r, err)
			return
		}
	}
	back, err := url.ParseQuery(r.PostForm.Get("back"))
	if err != nil {
		back = url.Values{}
	}
	back.Set("done", "retry-many")
	http.Redirect(w, r, "/runs?"+back.Encode(), http.StatusSeeOther)
}

// byPage and byAPI say for the history whose hand it was, as far as that is
// known.
func byPage(r *http.Request) string { return "in the console from " + sender(r) }

func byAPI(r *http.Request) string { return "over the API from " + sender(r) }

// sender is the address that a request came from, without its port.
func sender(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
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
