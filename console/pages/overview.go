package pages

import (
	"net/http"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/day"
	"github.com/gavel-rules/gavel/console/pages/issue"
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
	Issues      []issue.Row // open, the one that failed last first
	Failing     int64       // runs of the open issues
	OpenIssues  int
	Waiting     []runRow             // newest first
	Connections []api.ConnectionPast // those in trouble first
	Empty       bool                 // no event was ever received
	Webhook     string               // address of the receiver
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
		Webhook: p.WebhookURL(), Empty: now.Counts.Events == 0, Notices: now.Notices(), Failing: now.Failing, OpenIssues: now.OpenIssues,
	}
	connections, err := past.Connections(ctx, &p.Backend)
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	v.Connections = connections[:min(len(connections), overviewConnections)]
	open, err := p.Issues.Issues(ctx, api.IssueQuery{States: []event.IssueState{event.IssueOpen}})
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	waiting, err := p.Ledger.Runs(ctx, event.RunFilter{Statuses: []event.Status{event.StatusWaiting}, Limit: overviewRuns})
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	v.Issues, v.Waiting = issue.RowsOf(open[:min(len(open), overviewRuns)]), p.runRows(ctx, waiting)
	p.render(w, r, http.StatusOK, "overview", "Overview", v)
}
