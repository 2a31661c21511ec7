package httpapi

import (
	"context"
	"errors"
	"net/http"
	_ "time/tzdata"

	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/query"
)

// a container may have no time zones

func (a *API) report(w http.ResponseWriter, r *http.Request) {
	o, err := query.ParseReport(r, a.Now())
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	counted, err := a.Analyst.Report(r.Context(), o)
	if errors.Is(err, context.DeadlineExceeded) {
		answer.Problem(w, http.StatusServiceUnavailable, "too much to count for one response; choose a shorter period, or run gavel report on the machine itself")
		return
	}
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, counted)
}
