package pages

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/backend"
	"github.com/gavel-rules/gavel/console/day"
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
	FailedRules []failedRule
	Failed      []runRow // newest first
	Waiting     []runRow // newest first
	Connections []api.Connection
	Empty       bool // no event was ever received
}

// failedRule is a rule with failed runs in the last day.
type failedRule struct {
	Name  string
	Count int
}

// behind is how long a run may be overdue before the page says so.
const behind = time.Minute

// overviewRuns is how many runs of a kind the overview lists.
const overviewRuns = 6

func (p *Pages) overviewPage(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	counts, err := p.Ledger.Counts(ctx)
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	past, err := day.Read(ctx, p.Ledger, p.Now())
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	v := overviewView{
		Load: p.Rules.Load(), Counts: counts, Day: past, Source: past.Source(p.Source.Report()), Chart: day.NewChart(past.Spans),
		Connections: p.Rules.Connections(), Empty: counts.Events == 0,
	}
	failed, err := p.Ledger.Runs(ctx, event.RunFilter{
		Statuses: []event.Status{event.StatusFailed}, Since: past.Since, Limit: overviewRuns,
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
	for _, did := range past.Rules {
		if n := did.Ended[event.StatusFailed]; n > 0 {
			v.FailedRules = append(v.FailedRules, failedRule{did.Rule, n})
		}
	}
	slices.SortFunc(v.FailedRules, func(a, b failedRule) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	v.Notices = p.notices(&v, p.Health.Ready(ctx))
	p.render(w, r, http.StatusOK, "overview", "Overview", v)
}

// notices lists problems, the worst first.
func (p *Pages) notices(v *overviewView, checks map[string]string) []words.Notice {
	var list []words.Notice
	for _, name := range slices.Sorted(maps.Keys(checks)) {
		if checks[name] != "" {
			list = append(list, words.Notice{Bad: true, Text: "Not ready: " + name + ": " + checks[name] + "."})
		}
	}
	warnings := p.Health.Warnings()
	for _, name := range slices.Sorted(maps.Keys(warnings)) {
		list = append(list, words.Notice{Text: warnings[name]})
	}
	source := words.SourceNotices(&v.Source, p.Now())
	for _, name := range slices.Sorted(maps.Keys(source)) {
		list = append(list, source[name])
	}
	if !v.Load.OK {
		list = append(list, words.Notice{
			Bad: true, Text: "The rules on disk have errors. The previous rules are still active.",
			Link: "/rules", More: "See what is wrong",
		})
	}
	list = append(list, connectionNotices(v.Connections, p.Now())...)
	if due := v.Counts.OldestDue; !due.IsZero() && p.Now().Sub(due) > behind {
		list = append(list, words.Notice{
			Text: "Gavel is behind: the oldest due run was due " + words.Lasting(p.Now().Sub(due)) + " ago.",
			Link: "/runs?status=pending", More: "See what is due",
		})
	}
	if n := v.Day.Runs[event.StatusFailed]; n > 0 {
		text := "1 run has failed in the last 24 hours."
		if n > 1 {
			text = words.Number(n) + " runs have failed in the last 24 hours."
		}
		list = append(list, words.Notice{
			Text: text, Link: "/runs?" + url.Values{"status": {"failed"}, "since": {"24h"}}.Encode(), More: "See why, and retry",
		})
	}
	slices.SortStableFunc(list, func(a, b words.Notice) int {
		if a.Bad == b.Bad {
			return 0
		}
		if a.Bad {
			return -1
		}
		return 1
	})
	return list
}

// connectionNotices says which connections are paused, and until when.
func connectionNotices(connections []api.Connection, now time.Time) []words.Notice {
	var list []words.Notice
	for _, conn := range connections {
		switch {
		case conn.Breaker == backend.BreakerOpen:
			n := words.Notice{
				Bad: true, Text: "Connection " + conn.Name + " keeps failing and is paused. Its runs wait.",
				Link: "/runs?status=pending", More: "Show waiting runs",
			}
			if conn.TriedAgain.After(now) {
				n.Text, n.At, n.Rest = "Connection "+conn.Name+" keeps failing. Its runs wait; next try", conn.TriedAgain, "."
			}
			list = append(list, n)
		case conn.PausedUntil.After(now):
			list = append(list, words.Notice{
				Text: "Connection " + conn.Name + " asked us to wait. Its runs wait until", At: conn.PausedUntil, Rest: ".",
				Link: "/runs?status=pending", More: "Show waiting runs",
			})
		}
	}
	return list
}
