package httpapi

import (
	"net/http"

	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/day"
)

// day responds with what happened over the last day, on all machines.
func (a *API) day(w http.ResponseWriter, r *http.Request) {
	found, err := day.Read(r.Context(), a.Ledger, a.Now())
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, found.Day)
}
