package pages

import (
	"net/http"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/day"
	"github.com/gavel-rules/gavel/console/past"
	"github.com/gavel-rules/gavel/console/standing"
	"github.com/gavel-rules/gavel/console/words"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/watchdog"
)

// overviewView is the first page: problems, recent events, waiting and failed
// runs.
type overviewView struct {
	Notices     []words.Notice
	Load        api.Load
	Counts      event.Counts
	Day         day.Day
	Source      watchdog.Report
	Chart       day.Chart
	FailedRules []api.RuleFailures
	Failed      []runRow             // newest first
	Waiting     []runRow             // newest first
	Connections []api.ConnectionPast // those in trouble first
	Empty       bool                 // no event was ever received
}

// overviewRuns is how many runs of a kind the overview lists.
const overviewRuns = 6

// overviewConnections is how many connections it lists.
const overviewConnections = 8

func (p *Pages) overviewPage(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	now, err := standing.Of(ctx, &p.Backend)
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	v := overviewView{
		Load: now.Load, Counts: now.Counts, Day: now.Day, Source: now.Source, Chart: day.NewChart(now.Day.Spans),
		Empty: now.Counts.Events == 0, Notices: now.Notices(), FailedRules: now.FailedRules(),
	}
	connections, err := past.Connections(ctx, &p.Backend)
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	v.Connections = connections[:min(len(connections), overviewConnections)]
	failed, err := p.Ledger.Runs(ctx, event.RunFilter{
		Statuses: []event.Status{event.StatusFailed}, Since: now.Day.Since, Limit: overviewRuns,
	})
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	waiting, err := p.Ledger.Runs(ctx, event.RunFilter{Statuses: []event.Status{event.StatusWaiting}, Limit: overviewRuns})
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	v.Failed, v.Waiting = p.runRows(ctx, failed), p.runRows(ctx, waiting)
	p.render(w, r, http.StatusOK, "overview", "Overview", v)
}
