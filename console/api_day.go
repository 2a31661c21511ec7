package console

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/api"
)

// apiDay tells what happened over the last day, on all machines.
func (c *Console) apiDay(w http.ResponseWriter, r *http.Request) {
	day, err := c.readDay(r.Context())
	if err != nil {
		c.problemOf(w, r, err)
		return
	}
	out := api.Day{Since: c.dayStart(), Events: day.Events, Spans: []api.DaySpan{}, Rules: []api.DayRule{}, Failures: []api.DayFailure{}}
	for _, b := range day.Buckets {
		out.Spans = append(out.Spans, api.DaySpan{Start: b.Start, Events: b.Events, Succeeded: b.Succeeded, Failed: b.Failed})
	}
	for name, sum := range day.Rules {
		out.Rules = append(out.Rules, api.DayRule{Rule: name, Matched: sum.Matched, Ended: sum.Ended})
	}
	slices.SortFunc(out.Rules, func(a, b api.DayRule) int { return strings.Compare(a.Rule, b.Rule) })
	for _, f := range day.Failures {
		out.Failures = append(out.Failures, api.DayFailure{Connection: f.Connection, Cause: f.Cause, Count: f.Count})
	}
	answer(w, r, out)
}
