package pages

import (
	"net/http"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/event"
)

// runView is the page of one run.
type runView struct {
	Run      *event.Run
	Meeting  *event.Meeting // nil when it has none
	Attempts []event.Attempt
	Steps    []step
	Rule     *api.Rule // as it is now; nil when it was removed
	SameRule bool      // the rules that the run uses are still in force

	CanRetry, CanCancel, CanRunNow bool
}

// step is one action of a run and its state.
type step struct {
	Action api.Action
	State  string // done, failed, skipped, now, waits, later
}

func (p *Pages) runPage(w http.ResponseWriter, r *http.Request) {
	ctx, id := r.Context(), query.PathValue(r, "id")
	run, err := p.Ledger.Run(ctx, id)
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	v := runView{
		Run: run, CanCancel: !run.Status.Done(),
		CanRetry:  run.Status == event.StatusFailed || run.Status == event.StatusCanceled || run.Status == event.StatusSkipped,
		CanRunNow: run.Status == event.StatusWaiting || run.Status == event.StatusPending,
		SameRule:  run.Revision == p.Rules.Load().Revision,
	}
	if v.Attempts, err = p.Ledger.Attempts(ctx, id); err != nil {
		p.faultOf(w, r, err)
		return
	}
	if rec, err := p.Ledger.Event(ctx, run.EventRef()); err == nil && rec.Event.HasMeeting() {
		v.Meeting = rec.Event.Meeting
	}
	for _, rule := range p.Rules.Rules() {
		if rule.Name == run.Rule {
			v.Rule = &rule
		}
	}
	if v.Rule != nil && v.SameRule {
		v.Steps = stepsOf(run, v.Rule, v.Attempts)
	}
	p.render(w, r, http.StatusOK, "run", "Run of "+run.Rule, v)
}

// stepsOf returns the state of each action, from its last line in the history.
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
