package pages

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/gavel-rules/gavel/console/access"
	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/event"
)

// changeFromPage handles a button of the run page and redirects back to it.
func (p *Pages) changeFromPage(verb string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := query.PathValue(r, "id")
		if err := p.Verbs()[verb](r.Context(), id, access.ByPage(r)); err != nil {
			p.faultOf(w, r, err)
			return
		}
		http.Redirect(w, r, query.RunPath(id)+"?done="+url.QueryEscape(verb), http.StatusSeeOther)
	}
}

// retryMany handles the button above a list of failed runs: it retries the
// listed runs. A run that has changed since is left as it is.
func (p *Pages) retryMany(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		p.faultOf(w, r, answer.Invalid("the form cannot be read"))
		return
	}
	ids := r.PostForm["id"]
	if len(ids) > query.PageMost {
		p.faultOf(w, r, answer.Invalid("at most %d runs are retried at once", query.PageMost))
		return
	}
	for _, id := range ids {
		err := p.Operator.Retry(r.Context(), id, access.ByPage(r))
		if err == nil {
			p.Logger.Info("run retried from the list", "run_id", id, "remote", r.RemoteAddr, "by", p.Access.Who(r))
		}
		if err != nil && !errors.Is(err, event.ErrConflict) && !errors.Is(err, event.ErrNotFound) {
			p.faultOf(w, r, err)
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
