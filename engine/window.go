package engine

import (
	"context"
	"fmt"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/rules"
)

// planWindows gives a planned run what its rule asks of the events before. A
// key that cannot be worked out fails the run, as a condition would.
func planWindows(set *rules.Set, rule *rules.Rule, ev *event.Event, p *event.PlannedRun) {
	if !rule.HasWindows() || p.Status.Done() {
		return
	}
	windows, err := rule.Windows(set.Scope(rule, ev, rules.ScopeOptions{Now: ev.Received}))
	if err != nil {
		p.Status, p.Finished = event.StatusFailed, p.Created
		p.Reason = "the window could not be found: " + err.Error()
		p.Lanes = nil
		return
	}
	p.Windows = windows
}

// gather reads the events that a threshold or a digest has brought together,
// if an action looks at them.
func (j *job) gather(ctx context.Context) error {
	if !j.rule.Gathers() {
		return nil
	}
	window, err := j.store.Gathered(ctx, j.run.ID)
	if err != nil {
		return fmt.Errorf("events of this run: %w", err)
	}
	j.window = window
	return nil
}

// collects reports whether a run sleeps because it collects events, not
// because of a wait.
func collects(run *event.Run) bool {
	return run.Status == event.StatusWaiting && run.Next == 0 && len(run.Results) == 0
}

// gathers reports whether a rule looks at the events gathered for its runs.
func gathers(set *rules.Set, name string) bool {
	rule := set.Rule(name)
	return rule != nil && rule.Gathers()
}

// hideWords takes secrets and private values out of what planned runs say: a
// rule may count by the address of an invitee.
func (e *Engine) hideWords(set *rules.Set, ev *event.Event, runs []event.PlannedRun) {
	var gate *privacy.Gate
	for i := range runs {
		said := []*string{&runs[i].Reason}
		for w := range runs[i].Windows {
			said = append(said, &runs[i].Windows[w].Label)
		}
		for _, words := range said {
			if *words != "" && gate == nil {
				gate = set.Gate().And(privacy.GateForEvent(e.opts.Private, ev))
			}
			*words = gate.Text(*words)
		}
	}
}

func gatheredMeetings(g *event.Gathering) []*event.Meeting {
	if g == nil {
		return nil
	}
	out := make([]*event.Meeting, 0, len(g.Events))
	for _, one := range g.Events {
		out = append(out, one.Meeting)
	}
	return out
}
