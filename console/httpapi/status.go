package httpapi

import (
	"net/http"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/console/day"
	"github.com/gavel-rules/gavel/event"
)

func (a *API) rules(w http.ResponseWriter, r *http.Request) {
	answer.JSON(w, r, api.Rules{Load: a.Rules.Load(), Rules: orEmpty(a.Rules.Rules())})
}

func (a *API) status(w http.ResponseWriter, r *http.Request) {
	counts, err := a.Ledger.Counts(r.Context())
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	past, err := day.Read(r.Context(), a.Ledger, a.Now())
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	oldest, err := a.Ledger.Events(r.Context(), event.EventFilter{OldestFirst: true, Limit: 1})
	if err != nil {
		a.problemOf(w, r, err)
		return
	}
	var first time.Time
	if len(oldest) > 0 {
		first = oldest[0].Event.Received
	}
	source := past.Source(a.Source.Report())
	checks := a.Health.Ready(r.Context())
	answer.JSON(w, r, api.Status{
		Version: a.Version, Ready: backend.Fine(checks), Checks: checks, Rules: a.Rules.Load(), Connections: orEmpty(a.Rules.Connections()), Events: counts.Events,
		Runs: everyStatus(counts.Runs), OldestDue: counts.OldestDue, FirstEvent: first, LastEvent: source.LastEvent, Validated: source.Validated,
		Source: source,
	})
}

// everyStatus adds the states that no run is in.
func everyStatus(counts map[event.Status]int64) map[event.Status]int64 {
	out := map[event.Status]int64{}
	for _, s := range event.Statuses() {
		out[s] = counts[s]
	}
	return out
}
