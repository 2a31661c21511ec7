package pages

import (
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/access"
	"github.com/gavel-rules/gavel/console/exchange"
	"github.com/gavel-rules/gavel/console/query"
	"github.com/gavel-rules/gavel/event"
)

// runView is the page of one run.
type runView struct {
	Run      *event.Run
	Meeting  *event.Meeting // nil when it has none
	Attempts []attempt
	Steps    []step
	Rule     *api.Rule // as it is now; nil when it was removed
	Old      *api.Rule // as it was in the revision of the run, if that is another
	SameRule bool      // the rules that the run uses are still in force

	// Issue is that of a failed run; nil for others.
	Issue *api.IssueDetail

	CanRetry, CanCancel, CanRunNow, CanAcknowledge bool
}

// attempt is a line of the history with what was sent and answered; Exchange is
// nil if that is nothing.
type attempt struct {
	event.Attempt
	Exchange *exchange.Exchange
}

// mailPage sends the HTML of a mail, for a frame.
func (p *Pages) mailPage(w http.ResponseWriter, r *http.Request) {
	attempts, err := p.Ledger.Attempts(r.Context(), query.PathValue(r, "id"))
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	for i := range attempts {
		if strconv.FormatInt(attempts[i].Seq, 10) != query.PathValue(r, "seq") {
			continue
		}
		if x := exchange.Of(&attempts[i]); x != nil && x.Mail != nil && x.Mail.HTML != "" {
			access.Isolated(w)
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, x.Mail.HTML) // #nosec G705 -- isolated by its headers; the client may have gone
			return
		}
	}
	p.faultOf(w, r, fmt.Errorf("%w: no mail with HTML at this address", event.ErrNotFound))
}

// step is one action of a run and its state.
type step struct {
	Action api.Action
	State  string // done, failed, skipped, now, waits, later
	Inside []step // of a chain
}

// Open reports whether there is something in a chain to look at now.
func (s step) Open() bool { return s.State == "failed" || s.State == "waits" || s.State == "now" }

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
	if run.Status == event.StatusFailed {
		if of, err := p.Issues.IssueOf(ctx, id); err == nil {
			v.Issue, v.CanAcknowledge = of, !of.Runs[0].Acknowledged
		}
	}
	attempts, err := p.Ledger.Attempts(ctx, id)
	if err != nil {
		p.faultOf(w, r, err)
		return
	}
	for i := range attempts {
		one := attempt{attempts[i], exchange.Of(&attempts[i])}
		if one.Exchange != nil && one.Exchange.Mail != nil && one.Exchange.Mail.HTML != "" {
			access.WithFrames(w)
		}
		v.Attempts = append(v.Attempts, one)
	}
	if n := len(v.Attempts); n > 0 && v.Attempts[n-1].Exchange != nil {
		v.Attempts[n-1].Exchange.Open = v.Attempts[n-1].Cause != ""
	}
	if rec, err := p.Ledger.Event(ctx, run.EventRef()); err == nil && rec.Event.HasMeeting() {
		v.Meeting = rec.Event.Meeting
	}
	for _, rule := range p.Rules.Rules() {
		if rule.Name == run.Rule {
			v.Rule = &rule
		}
	}
	switch {
	case v.SameRule && v.Rule != nil:
		v.Steps = stepsOf(run, v.Rule, attempts)
	case !v.SameRule && p.Desk != nil:
		if v.Old, err = p.Desk.RuleAt(ctx, run.Revision, run.Rule); err == nil {
			v.Steps = stepsOf(run, v.Old, attempts)
		}
	}
	p.render(w, r, http.StatusOK, "run", "Run of "+run.Rule, v)
}

// stepsOf returns the state of each action, from its last line in the history.
func stepsOf(run *event.Run, rule *api.Rule, attempts []event.Attempt) []step {
	last := map[int]event.Outcome{}
	for _, a := range attempts {
		last[a.Action] = a.Outcome
	}
	states := make([]string, 0, len(rule.Actions))
	for i, action := range rule.Actions {
		state := "later"
		switch {
		case (last[i] == event.OutcomeFailed || last[i] == event.OutcomeUnknown) && (i < run.Next || run.Status == event.StatusFailed):
			state = "failed"
		case i < run.Next && (last[i] == event.OutcomeSkipped || action.Depth > 0 && last[i] == ""):
			state = "skipped"
		case i >= run.Next && run.Status == event.StatusSucceeded:
			state = ended(action, last[i])
		case i < run.Next:
			state = "done"
		case i == run.Next && run.Status == event.StatusWaiting:
			state = "waits"
		case i == run.Next && !run.Status.Done():
			state = "now"
		}
		states = append(states, state)
	}
	return nest(rule.Nested(), states)
}

// nest puts the steps of chains below those that use them. A chain is as its steps
// are: failed or not done if one of them is.
func nest(actions []api.NestedAction, states []string) []step {
	steps := make([]step, 0, len(actions))
	for _, a := range actions {
		s := step{Action: a.Action, State: states[a.Index], Inside: nest(a.Inside, states)}
		for _, inner := range s.Inside {
			if inner.Open() {
				s.State = inner.State
			}
		}
		steps = append(steps, s)
	}
	return steps
}

// ended is the state of an action that a stop left behind, or of the stop.
func ended(a api.Action, outcome event.Outcome) string {
	if a.Directs() && outcome == event.OutcomeSucceeded {
		return "done"
	}
	return "skipped"
}
