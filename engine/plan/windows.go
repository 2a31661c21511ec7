package plan

import (
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
)

// planWindows adds the windows of the rule to a planned run. A key that cannot
// be evaluated fails the run, like a condition.
func planWindows(set *rules.Set, rule *rules.Rule, ev *event.Event, p *event.PlannedRun) {
	if !rule.HasWindows() || p.Status.Done() {
		return
	}
	var scope *language.Scope
	if rule.HasKeys() {
		scope = set.Borrow(rule, ev, language.ScopeOptions{Now: ev.Received})
	}
	windows, err := rule.Windows(scope)
	set.Return(scope)
	if err != nil {
		p.Status, p.Finished = event.StatusFailed, p.Created
		p.Reason = "the window cannot be evaluated: " + err.Error()
		p.Lanes = nil
		return
	}
	for _, w := range windows {
		if w.Kind == event.WindowAbsence && w.Key == "" && w.Label != "" {
			p.Status, p.Finished, p.Lanes = event.StatusSkipped, p.Created, nil
			p.Reason = "absence: this event has no " + rule.Absence.Per.Source
			return
		}
	}
	p.Windows = windows
}

// collects reports whether a run waits for a window: it collects events for a
// digest, or waits for what should come.
func collects(run *event.Run) bool {
	return run.Status == event.StatusWaiting && run.Next == 0 && len(run.Results) == 0
}
