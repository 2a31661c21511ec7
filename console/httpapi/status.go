package httpapi

import (
	"net/http"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/past"
	"github.com/gavel-rules/gavel/console/standing"
)

func (a *API) rules(w http.ResponseWriter, r *http.Request) {
	answer.JSON(w, r, api.Rules{Load: a.Rules.Load(), Rules: orEmpty(past.InForce(&a.Backend))})
}

func (a *API) status(w http.ResponseWriter, r *http.Request) {
	now, err := standing.Of(r.Context(), &a.Backend)
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, now.Status(a.Version))
}
