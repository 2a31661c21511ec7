package explain

import (
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
)

// tour goes through the actions of a rule and keeps what the groups come to.
type tour struct {
	rule   *rules.Rule
	out    []*ActionExplanation
	groups map[*rules.Step]ActionOutlook
	ended  string // why the rest is not reached
	doubt  string // why it is not certain that the rest is reached
}

// passes explains a step that is not reached. It reports whether it is not.
func (t *tour) passes(a *ActionExplanation, step *rules.Step) bool {
	for p := step.Parent; p != nil; p = p.Parent {
		taken := t.groups[p]
		switch {
		case taken == OutlookSkipped && !step.InElse(p):
			a.Outlook, a.Reason = OutlookSkipped, "the condition of its group is false"
		case taken == OutlookEnters && step.InElse(p):
			a.Outlook, a.Reason = OutlookSkipped, "the condition of its group is true"
		case taken == OutlookError:
			a.Outlook, a.Reason = OutlookNever, "the condition of its group could not be evaluated"
		default:
			continue
		}
		return true
	}
	if t.ended != "" {
		a.Outlook, a.Reason = OutlookNever, t.ended
		return true
	}
	return false
}

// reached notes what a step comes to, and makes it uncertain if the step may not
// be reached.
func (t *tour) reached(a *ActionExplanation, step *rules.Step, ended string) {
	doubt, own := t.doubt, a.Outlook
	for p := step.Parent; p != nil && doubt == ""; p = p.Parent {
		if t.groups[p] == OutlookUnknown {
			doubt = "whether it is reached depends on the condition of its group"
		}
	}
	if doubt != "" && (a.Outlook == OutlookGoesOut || a.Outlook == OutlookWaits || a.Outlook == OutlookEnters || a.Outlook == OutlookStops) {
		if a.Outlook, ended = OutlookUnknown, ""; a.Reason == "" || step.Flow == nil {
			a.Reason = doubt
		}
	}
	if doubt == "" {
		t.ended = ended
	}
	if step.Flow == nil {
		return
	}
	t.groups[step] = own
	if step.Flow.Kind == rules.FlowStop && a.Outlook == OutlookUnknown {
		t.doubt = "whether it is reached depends on the stop before it"
	}
}

// direct explains a step that sends nothing.
func (x *Explainer) direct(a *ActionExplanation, step *rules.Step, scope *language.Scope) (ended string) {
	if step.Flow.Kind != rules.FlowStop {
		if a.Outlook == OutlookGoesOut {
			a.Outlook = OutlookEnters
		}
		return ""
	}
	reason, err := step.Flow.Reason.Render(scope, nil)
	if err != nil {
		return x.notPrepared(a, step, err)
	}
	if a.Outlook != OutlookGoesOut {
		return ""
	}
	a.Outlook, a.Reason = OutlookStops, x.set.Redact(reason)
	return "the stop before it ends the run"
}
