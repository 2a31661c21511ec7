package explain

import (
	"encoding/json"
	"fmt"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/chains"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
)

// tour goes through the actions of a rule and keeps what the groups come to.
type tour struct {
	rule   *rules.Rule
	out    []*ActionExplanation
	groups map[*rules.Step]ActionOutlook
	// results are those that are known, by the call whose chain they are in;
	// inputs are what that was given.
	results map[int]map[string]any
	inputs  map[int]*language.Inputs
	ended   string          // why the rest is not reached
	doubt   string          // why it is not certain that the rest is reached
	loop    *rules.Step     // the last for_each
	first   json.RawMessage // its first element; nil if it has none or they are not known
}

// passes explains a step that is not reached. It reports whether it is not.
func (t *tour) passes(a *ActionExplanation, step *rules.Step) bool {
	for p := step.Parent; p != nil; p = p.Parent {
		taken := t.groups[p]
		if p.Flow.Kind == rules.FlowLoop {
			if t.skips(a, taken) {
				return true
			}
			continue
		}
		called := p.Flow.Kind == rules.FlowCall
		switch {
		case called && taken == OutlookSkipped:
			a.Outlook, a.Reason = OutlookSkipped, "its chain is not used"
		case called && taken == OutlookError:
			a.Outlook, a.Reason = OutlookNever, "its chain cannot be used"
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
	if doubt != "" && (a.Outlook == OutlookGoesOut || a.Outlook == OutlookWaits || a.Outlook == OutlookEnters || a.Outlook == OutlookReturns || a.Outlook == OutlookStops) {
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
		if step.Flow.Kind != rules.FlowLoop && a.Outlook == OutlookGoesOut {
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

// skips explains an action of a for_each without an element to show it for.
func (t *tour) skips(a *ActionExplanation, taken ActionOutlook) bool {
	switch taken {
	case OutlookSkipped:
		a.Outlook, a.Reason = OutlookSkipped, "the list is empty"
	case OutlookError:
		a.Outlook, a.Reason = OutlookNever, "the list of its for_each could not be evaluated"
	case OutlookUnknown:
		if t.first != nil {
			return false
		}
		a.Outlook, a.Reason = OutlookUnknown, "the elements are not known yet"
	default:
		return false
	}
	return true
}

// words are the names that a step has in a for_each, for its first element.
func (t *tour) words(step *rules.Step) map[string]any {
	if loop := step.Loop(); loop != nil && loop == t.loop && t.first != nil {
		return loop.Flow.EachWords(t.first, 0)
	}
	return nil
}

// leave makes the results of a for_each those that the actions after it see.
func (t *tour) leave(step *rules.Step) {
	if t.loop == nil || step.Loop() == t.loop {
		return
	}
	for _, s := range t.rule.Actions[t.loop.Index:step.Index] {
		if s.Loop() != t.loop || s.NewResult == nil {
			continue
		}
		results := t.beside(s)
		if delete(results, s.Name); t.groups[t.loop] == OutlookSkipped {
			results[s.Name] = []any{}
		}
	}
	t.loop, t.first = nil, nil
}

// loop explains a for_each.
func (x *Explainer) loop(t *tour, a *ActionExplanation, step *rules.Step, scope *language.Scope) (ended string) {
	elements, err := step.Flow.Elements(scope)
	t.first = nil
	switch {
	case err != nil:
		return x.notPrepared(a, step, err)
	case len(elements) == 0:
		a.Outlook, a.Reason = OutlookSkipped, "the list is empty: "+step.Flow.List.Source
		return ""
	}
	t.first = elements[0]
	a.Outlook, a.Reason = OutlookEnters, fmt.Sprintf("for each of %d elements of %s, shown for the first", len(elements), step.Flow.List.Source)
	return ""
}

// beside are the known results that a step sees.
func (t *tour) beside(step *rules.Step) map[string]any {
	if t.results[step.Call] == nil {
		t.results[step.Call] = map[string]any{}
	}
	return t.results[step.Call]
}

// call explains the use of a chain.
func (x *Explainer) call(t *tour, a *ActionExplanation, step *rules.Step, scope *language.Scope) (ended string) {
	given, err := step.Flow.Chain.Give(step.Flow.With, scope)
	if err != nil {
		return x.notPrepared(a, step, err)
	}
	t.inputs[step.Index+1], t.results[step.Index+1] = step.Flow.Chain.Words(given), map[string]any{}
	if a.Reason == "" {
		a.Reason = "the steps of chain " + step.Flow.Chain.Name
	}
	if raw, err := eval.JsonText(given.Inputs); err == nil {
		a.Effect = x.set.Gate().JSON(json.RawMessage(raw))
	}
	return ""
}

// leaveChain explains the end of a chain: what it returns, as far as that is
// known.
func (x *Explainer) leaveChain(t *tour, a *ActionExplanation, step *rules.Step, scope *language.Scope) (ended string) {
	a.Outlook = OutlookReturns
	raw, unknown, err := chains.Return(step.Flow.Outputs, scope)
	switch {
	case err != nil:
		return x.notPrepared(a, step, err)
	case unknown != nil:
		a.Outlook, a.Reason = OutlookUnknown, unknown.Error()
		return ""
	}
	call := t.rule.Actions[step.Call-1]
	if out, ok := step.Flow.Chain.Returned(raw); ok && t.groups[call] != OutlookUnknown {
		t.beside(call)[call.Name] = out
	}
	a.Effect = x.set.Gate().JSON(raw)
	return ""
}

// seenLater is what later actions see of one that is skipped or fails.
func seenLater(a *ActionExplanation, step *rules.Step) any {
	result := step.NewResult()
	if f, ok := result.(interface {
		Fail(cause event.Cause, why string)
	}); ok && a.Outlook == OutlookError {
		f.Fail(event.CauseExpression, a.Reason)
	}
	return result
}
