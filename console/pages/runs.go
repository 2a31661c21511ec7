package pages

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/event"
)

// runsView is the page of runs.
type runsView struct {
	Rows     []runRow
	Failed   []string // ids of the listed runs, if only failed ones are listed
	Open     []string // ids of the listed runs, if only those of one rule are listed that wait or are pending
	Filter   url.Values
	Statuses []event.Status
	Several  string // the selected states, if there are several
	Rules    []string
	Spans    []span
	Active   bool
	First    bool
	Older    string
	Newest   string
}

func (p *Pages) runsPage(w http.ResponseWriter, r *http.Request) {
	values := filled(r.URL.Query())
	f, err := query.ParseRuns(values, p.Now())
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	list, err := query.FindRuns(r.Context(), p.Ledger, f)
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	filter := without(values, "cursor", "limit", "done")
	v := runsView{
		Rows: p.runRows(r.Context(), list.Runs), Filter: filter, Active: len(filter) > 0, First: values.Get("cursor") == "",
		Statuses: event.Statuses(), Spans: with(spans(), filter.Get("since")), Older: following("/runs", values, list.Next), Newest: "/runs?" + filter.Encode(),
	}
	acknowledged, err := query.AcknowledgedOf(r.Context(), p.Ledger, list.Runs)
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	for i := range v.Rows {
		v.Rows[i].Acknowledged, v.Rows[i].ByDay = acknowledged[v.Rows[i].ID], f.Sort == event.SortCreated
	}
	if f.Sort == event.SortCreated {
		days(v.Rows, query.Zone(r), func(row *runRow) (time.Time, *string) { return row.Created, &row.Day })
	}
	for _, rule := range p.Rules.Rules() {
		v.Rules = append(v.Rules, rule.Name)
	}
	if f.Rule != "" && !slices.Contains(v.Rules, f.Rule) {
		v.Rules = append(v.Rules, f.Rule)
	}
	if s := values.Get("status"); strings.Contains(s, ",") {
		v.Several = s
	}
	if values.Get("status") == string(event.StatusFailed) {
		for _, run := range list.Runs {
			v.Failed = append(v.Failed, run.ID)
		}
	}
	if s := values.Get("status"); f.Rule != "" && (s == string(event.StatusWaiting) || s == string(event.StatusPending)) {
		for _, run := range list.Runs {
			v.Open = append(v.Open, run.ID)
		}
	}
	p.render(w, r, http.StatusOK, "runs", "Runs", v)
}
