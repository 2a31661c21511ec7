package httpapi

import (
	"net/http"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/access"
	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/query"
)

func (a *API) runs(w http.ResponseWriter, r *http.Request) {
	q, err := query.ParseRunQuery(r.URL.Query(), a.Now())
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	list, err := query.FindNamedRuns(r.Context(), a.Ledger, q)
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, api.Page[api.ListedRun]{Items: list.Runs, Next: list.Next})
}

func (a *API) run(w http.ResponseWriter, r *http.Request) {
	id, ok := a.runID(w, r)
	if !ok {
		return
	}
	a.answerRun(w, r, id)
}

func (a *API) answerRun(w http.ResponseWriter, r *http.Request, id string) {
	run, err := a.Ledger.Run(r.Context(), id)
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	attempts, err := a.Ledger.Attempts(r.Context(), id)
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, api.RunDetailOf(run, attempts))
}

// change responds with the changed run.
func (a *API) change(verb string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, ok := a.runID(w, r)
		if !ok {
			return
		}
		if err := a.Verbs()[verb](r.Context(), id, access.ByAPI(r)); err != nil {
			a.problemOf(w, r, err)
			return
		}
		a.answerRun(w, r, id)
	}
}
