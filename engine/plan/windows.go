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
	p.Windows = windows
}

// collects reports whether a run waits because it collects events for a digest.
func collects(run *event.Run) bool {
	return run.Status == event.StatusWaiting && run.Next == 0 && len(run.Results) == 0
}
