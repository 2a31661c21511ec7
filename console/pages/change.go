package pages

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"

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

// manyView asks before several runs are changed.
type manyView struct {
	Verb, Back  string
	IDs         []string
	Rules       []manyRule
	Rows        []runRow // the first few
	More        int      // that are not listed
	Gone        int      // runs that cannot be changed so any more
	Connections []string
}

// manyRule counts the runs of a rule.
type manyRule struct {
	Name string
	Runs int
}

// manyShown is how many runs the question lists.
const manyShown = 10

// manyIDs reads the runs of a form; ok is false when it has responded.
func (p *Pages) manyIDs(w http.ResponseWriter, r *http.Request) (ids []string, ok bool) {
	if !p.Form(w, r) {
		return nil, false
	}
	ids = r.PostForm["id"]
	if len(ids) > query.PageMost {
		p.faultOf(w, r, answer.Invalid("at most %d runs are changed at once", query.PageMost))
		return nil, false
	}
	return ids, true
}

// askMany shows what a button above the list of runs would do.
func (p *Pages) askMany(verb string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ids, ok := p.manyIDs(w, r)
		if !ok {
			return
		}
		v := manyView{Verb: verb, Back: r.PostForm.Get("back")}
		var runs []*event.Run
		counts, uses := map[string]int{}, map[string]bool{}
		for _, id := range ids {
			run, err := p.Ledger.Run(r.Context(), id)
			switch {
			case errors.Is(err, event.ErrNotFound):
				v.Gone++
				continue
			case err != nil:
				p.faultOf(w, r, err)
				return
			case run.Status.Done() == (verb == "cancel"), run.Status == event.StatusSucceeded:
				v.Gone++
				continue
			}
			runs, v.IDs = append(runs, run), append(v.IDs, id)
			counts[run.Rule]++
		}
		for _, name := range slices.Sorted(maps.Keys(counts)) {
			v.Rules = append(v.Rules, manyRule{name, counts[name]})
		}
		for _, rule := range p.Rules.Rules() {
			for _, action := range rule.Actions {
				if counts[rule.Name] > 0 && action.Connection != "" {
					uses[action.Connection] = true
				}
			}
		}
		v.Connections = slices.Sorted(maps.Keys(uses))
		v.More = max(0, len(runs)-manyShown)
		v.Rows = p.runRows(r.Context(), runs[:len(runs)-v.More])
		p.render(w, r, http.StatusOK, "many", "Runs", v)
	}
}

// changeMany changes the runs of a form after the question. A run that has
// changed since is left as it is.
func (p *Pages) changeMany(verb string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { p.changeThem(w, r, verb) }
}

func (p *Pages) changeThem(w http.ResponseWriter, r *http.Request, verb string) {
	ids, ok := p.manyIDs(w, r)
	if !ok {
		return
	}
	for _, id := range ids {
		err := p.Verbs()[verb](r.Context(), id, access.ByPage(r))
		if err == nil {
			p.Logger.Info("run changed from the list", "change", verb, "run_id", id, "remote", r.RemoteAddr, "by", p.Access.Who(r))
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
	back.Set("done", verb+"-many")
	http.Redirect(w, r, "/runs?"+back.Encode(), http.StatusSeeOther)
}
