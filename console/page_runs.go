package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/event"
)

// runsView is the page of runs.
type runsView struct {
	Rows     []runRow
	Failed   []string // ids of those shown, when only failed ones are asked for
	Filter   url.Values
	Statuses []event.Status
	Several  string // the states asked for, if they are several
	Rules    []string
	Spans    []span
	Active   bool
	First    bool
	Older    string
	Newest   string
}

func (c *Console) runsPage(w http.ResponseWriter, r *http.Request) {
	values := filled(r.URL.Query())
	f, err := parseRunQuery(values, c.Now())
	if err != nil {
		c.faultOf(w, r, err)
		return
	}
	list, err := c.findRuns(r.Context(), f)
	if err != nil {
		c.faultOf(w, r, err)
		return
	}
	filter := without(values, "cursor", "limit", "done")
	v := runsView{
		Rows: c.runRows(r.Context(), list.Runs), Filter: filter, Active: len(filter) > 0, First: values.Get("cursor") == "",
		Statuses: event.Statuses(), Spans: with(spans(), filter.Get("since")), Older: following("/runs", values, list.Next), Newest: "/runs?" + filter.Encode(),
	}
	for _, rule := range c.Rules.Rules() {
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
	c.render(w, r, http.StatusOK, "runs", "Runs", v)
}

// runRow is a run in a list, with what its event is about.
type runRow struct {
	*event.Run
	Title, Who string
}

// runRows looks up what the runs are about. An event that cannot be read
// leaves its row without.
func (c *Console) runRows(ctx context.Context, runs []*event.Run) []runRow {
	about := map[string]eventRow{}
	var ids []string
	for _, run := range runs {
		if _, seen := about[run.EventKey()]; !seen {
			about[run.EventKey()] = eventRow{}
			ids = append(ids, run.EventRef())
		}
	}
	if len(ids) > 0 {
		if found, err := c.Ledger.Events(ctx, event.EventFilter{IDs: ids, Limit: len(ids)}); err == nil {
			for _, rec := range found {
				about[rec.Event.Key()] = rowOf(rec)
			}
		}
	}
	rows := make([]runRow, 0, len(runs))
	for _, run := range runs {
		rows = append(rows, runRow{run, about[run.EventKey()].Title, about[run.EventKey()].Who})
	}
	return rows
}

// runView is the page of one run.
type runView struct {
	Run      *event.Run
	Meeting  *event.Meeting // nil when it has none
	Attempts []event.Attempt
	Steps    []step
	Rule     *api.Rule // as it is now; nil when it is gone
	SameRule bool      // the rules that the run keeps to are still in force

	CanRetry, CanCancel, CanRunNow bool
}

// step is one action of a run and how far it has come.
type step struct {
	Action api.Action
	State  string // done, failed, skipped, now, waits, later
}

func (c *Console) runPage(w http.ResponseWriter, r *http.Request) {
	ctx, id := r.Context(), pathValue(r, "id")
	run, err := c.Ledger.Run(ctx, id)
	if err != nil {
		c.faultOf(w, r, err)
		return
	}
	v := runView{
		Run: run, CanCancel: !run.Status.Done(),
		CanRetry:  run.Status == event.StatusFailed || run.Status == event.StatusCanceled || run.Status == event.StatusSkipped,
		CanRunNow: run.Status == event.StatusWaiting || run.Status == event.StatusPending,
		SameRule:  run.Revision == c.Rules.Load().Revision,
	}
	if v.Attempts, err = c.Ledger.Attempts(ctx, id); err != nil {
		c.faultOf(w, r, err)
		return
	}
	if rec, err := c.Ledger.Event(ctx, run.EventRef()); err == nil && rec.Event.HasMeeting() {
		v.Meeting = rec.Event.Meeting
	}
	for _, rule := range c.Rules.Rules() {
		if rule.Name == run.Rule {
			v.Rule = &rule
		}
	}
	if v.Rule != nil && v.SameRule {
		v.Steps = stepsOf(run, v.Rule, v.Attempts)
	}
	c.render(w, r, http.StatusOK, "run", "Run of "+run.Rule, v)
}

// stepsOf tells how far each action has come, by its last line in the history.
func stepsOf(run *event.Run, rule *api.Rule, attempts []event.Attempt) []step {
	last := map[int]event.Outcome{}
	for _, a := range attempts {
		last[a.Action] = a.Outcome
	}
	steps := make([]step, 0, len(rule.Actions))
	for i, action := range rule.Actions {
		state := "later"
		switch {
		case (last[i] == event.OutcomeFailed || last[i] == event.OutcomeUnknown) && (i < run.Next || run.Status == event.StatusFailed):
			state = "failed"
		case i < run.Next && last[i] == event.OutcomeSkipped:
			state = "skipped"
		case i < run.Next:
			state = "done"
		case i == run.Next && run.Status == event.StatusWaiting:
			state = "waits"
		case i == run.Next && !run.Status.Done():
			state = "now"
		}
		steps = append(steps, step{action, state})
	}
	return steps
}
