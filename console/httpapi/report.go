package httpapi

import (
	"context"
	"errors"
	"net/http"
	_ "time/tzdata"

	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/query"
)

// the zones must be there in a container without any

func (a *API) report(w http.ResponseWriter, r *http.Request) {
	o, err := query.ParseReport(r, a.Now())
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	counted, err := a.Analyst.Report(r.Context(), o)
	if errors.Is(err, context.DeadlineExceeded) {
		answer.Problem(w, http.StatusServiceUnavailable, "that is too much to count for one answer; ask for a shorter time, or run gavel report on the machine itself")
		return
	}
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	answer.JSON(w, r, counted)
}
