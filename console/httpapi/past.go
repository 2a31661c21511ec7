package httpapi

import (
	"net/http"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/past"
	"github.com/gavel-rules/gavel/console/query"
)

func (a *API) connections(w http.ResponseWriter, r *http.Request) {
	list, err := past.Connections(r.Context(), &a.Backend)
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, api.Connections{Items: orEmpty(list)})
}

func (a *API) rule(w http.ResponseWriter, r *http.Request) {
	found, err := past.Rule(r.Context(), &a.Backend, query.PathValue(r, "name"))
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, found)
}

func (a *API) refused(w http.ResponseWriter, r *http.Request) {
	found, err := past.Refused(r.Context(), a.Ledger, a.Now())
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, found)
}

func (a *API) connection(w http.ResponseWriter, r *http.Request) {
	found, err := past.Connection(r.Context(), &a.Backend, query.PathValue(r, "name"))
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, found)
}
