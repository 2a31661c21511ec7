package console

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

// overviewView is the first page: is it well, what came, what waits, what
// failed.
type overviewView struct {
	Notices     []notice
	Load        api.Load
	Counts      event.Counts
	Day         summary
	Source      api.Source
	Chart       chart
	FailedRules []failedRule
	Failed      []runRow // newest first
	Waiting     []runRow // newest first
	Connections []api.Connection
	Empty       bool // no event has ever come
}

// failedRule is a rule with failed runs in the last day.
type failedRule struct {
	Name  string
	Count int
}

// behind is how long due work may lie before the page says so.
const behind = time.Minute

// overviewRuns is how many runs of a kind the overview lists.
const overviewRuns = 6

func (c *Console) overviewPage(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	counts, err := c.Ledger.Counts(ctx)
	if err != nil {
		c.faultOf(w, r, err)
		return
	}
	day, err := c.readDay(ctx)
	if err != nil {
		c.faultOf(w, r, err)
		return
	}
	v := overviewView{
		Load: c.Rules.Load(), Counts: counts, Day: day, Source: c.source(&day), Chart: newChart(day.Buckets),
		Connections: c.Rules.Connections(), Empty: counts.Events == 0,
	}
	failed, err := c.Ledger.Runs(ctx, event.RunFilter{
		Statuses: []event.Status{event.StatusFailed}, Since: c.dayStart(), Limit: overviewRuns,
	})
	if err != nil {
		c.faultOf(w, r, err)
		return
	}
	waiting, err := c.Ledger.Runs(ctx, event.RunFilter{Statuses: []event.Status{event.StatusWaiting}, Limit: overviewRuns})
	if err != nil {
		c.faultOf(w, r, err)
		return
	}
	v.Failed, v.Waiting = c.runRows(ctx, failed), c.runRows(ctx, waiting)
	for rule, did := range day.Rules {
		if n := did.Ended[event.StatusFailed]; n > 0 {
			v.FailedRules = append(v.FailedRules, failedRule{rule, n})
		}
	}
	slices.SortFunc(v.FailedRules, func(a, b failedRule) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	v.Notices = c.notices(&v, c.Health.Ready(ctx))
	c.render(w, r, http.StatusOK, "overview", "Overview", v)
}

// notices lists what is not as it should be, the worst first.
func (c *Console) notices(v *overviewView, checks map[string]string) []notice {
	var list []notice
	for _, name := range slices.Sorted(maps.Keys(checks)) {
		if checks[name] != "" {
			list = append(list, notice{Bad: true, Text: "Not ready: " + name + ": " + checks[name] + "."})
		}
	}
	warnings := c.Health.Warnings()
	for _, name := range slices.Sorted(maps.Keys(warnings)) {
		list = append(list, notice{Text: warnings[name]})
	}
	source := c.sourceNotices(&v.Source)
	for _, name := range slices.Sorted(maps.Keys(source)) {
		list = append(list, source[name])
	}
	if !v.Load.OK {
		list = append(list, notice{
			Bad: true, Text: "The rules on disk have errors. Those of the last good load stay in force.",
			Link: "/rules", More: "See what is wrong",
		})
	}
	for _, conn := range v.Connections {
		switch now := c.Now(); {
		case conn.Breaker == breakerOpen:
			n := notice{
				Bad: true, Text: "Connection " + conn.Name + " keeps failing and is left alone for a moment. Its runs wait.",
				Link: "/runs?status=pending", More: "See what waits",
			}
			if conn.TriedAgain.After(now) {
				n.Text, n.At, n.Rest = "Connection "+conn.Name+" keeps failing. Its runs wait; it is tried again", conn.TriedAgain, "."
			}
			list = append(list, n)
		case conn.PausedUntil.After(now):
			list = append(list, notice{
				Text: "Connection " + conn.Name + " asked to be left alone. Its runs wait until", At: conn.PausedUntil, Rest: ".",
				Link: "/runs?status=pending", More: "See what waits",
			})
		}
	}
	if due := v.Counts.OldestDue; !due.IsZero() && c.Now().Sub(due) > behind {
		list = append(list, notice{
			Text: "Gavel is behind: the run that has waited longest for its turn was due " + lasting(c.Now().Sub(due)) + " ago.",
			Link: "/runs?status=pending", More: "See what is due",
		})
	}
	if n := v.Day.Runs[event.StatusFailed]; n > 0 {
		words := "1 run has failed in the last 24 hours."
		if n > 1 {
			words = number(n) + " runs have failed in the last 24 hours."
		}
		list = append(list, notice{
			Text: words, Link: "/runs?" + url.Values{"status": {"failed"}, "since": {"24h"}}.Encode(), More: "See why, and retry",
		})
	}
	slices.SortStableFunc(list, func(a, b notice) int {
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
