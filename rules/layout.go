package rules

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/values"
)

// Limits of the actions of one rule that has groups.
const (
	maxDepth = 5
	maxSteps = 1000
)

// flowKeys are the keys that make an entry of actions something else than an
// action.
func flowKeys() []string {
	return []string{"stop", "steps", "else", "for_each", "max", "chain", "with"}
}

// layout puts the actions of a rule in one line: what is inside a group follows
// it, then what is in its else. A run goes through that line by index.
type layout struct {
	l       *loader
	drafts  []*draft
	tooMany bool
}

// list lays out a list of actions.
func (y *layout) list(d *ruleDecoder, n *yaml.Node, parent *draft) (first *draft) {
	var last *draft
	for _, item := range n.Content {
		x := y.one(d, text.Resolve(item), parent)
		switch {
		case x == nil:
		case last == nil:
			first = x
		default:
			last.sibling = x
		}
		if x != nil {
			last = x
		}
	}
	return first
}

func (y *layout) one(d *ruleDecoder, n *yaml.Node, parent *draft) *draft {
	if n.Kind == yaml.MappingNode && (parent == nil || parent.node != n) {
		if x := y.l.loopOf(d, n, len(y.drafts)); x != nil {
			return y.loop(d, x, parent)
		}
	}
	if y.full(d, n, parent) {
		return nil
	}
	x := y.l.draftAction(d, n, len(y.drafts))
	if x == nil {
		return nil
	}
	y.add(x, parent)
	switch {
	case x.step.Flow == nil:
	case x.step.Flow.Kind == FlowGroup:
		y.group(d, x)
	case x.step.Flow.Kind == FlowCall:
		y.call(d, x)
	}
	return x
}

// full reports whether there is no room for another action in a rule with
// groups.
func (y *layout) full(d *ruleDecoder, n *yaml.Node, parent *draft) bool {
	if !y.tooMany && parent != nil && len(y.drafts) >= maxSteps {
		y.tooMany = true
		d.Fail(n, fmt.Sprintf("the rule has more than %d actions", maxSteps), "split it into several rules")
	}
	return y.tooMany
}

func (y *layout) add(x, parent *draft) {
	y.drafts = append(y.drafts, x)
	if parent != nil {
		x.parent, x.step.Parent = parent, parent.step
	}
	x.step.Name = x.step.ID
	if call := x.step.caller(); call != nil {
		x.step.Call, x.step.ID = call.Index+1, call.ID+"."+x.step.Name
	}
}

// group lays out what is inside a group.
func (y *layout) group(d *ruleDecoder, x *draft) {
	if x.step.Depth() >= maxDepth {
		d.Fail(x.at.Key, fmt.Sprintf("groups are nested more than %d deep", maxDepth), "split the rule, or join the conditions with and")
		return
	}
	y.inside(d, x, x.at)
	e, given := x.keys["else"]
	if !given {
		return
	}
	if _, conditional := x.keys["when"]; !conditional {
		d.Fail(e.Key, "else needs a condition", "add when: next to steps:, or remove else:")
	}
	x.step.Flow.HasElse = true
	x.otherwise = y.inside(d, x, e)
}

// inside lays out the list of a key of a group.
func (y *layout) inside(d *ruleDecoder, x *draft, e text.Entry) *draft {
	switch {
	case e.Value.Kind != yaml.SequenceNode:
		d.Fail(e.Value, e.Name+" must be a list of actions, not "+text.Article(e.Value), "start each action with a dash")
		return nil
	case len(e.Value.Content) == 0:
		d.Fail(e.Value, e.Name+" needs at least one action", "")
	}
	return y.list(d, e.Value, x)
}

// enter lays out the steps of a chain, and what it returns.
func (y *layout) enter(d *ruleDecoder, x *draft, c *chain) {
	y.list(d, c.steps.Value, x)
	if c.outputs.Value == nil || y.full(d, c.outputs.Key, x) {
		return
	}
	out := &draft{d: d, node: c.outputs.Value, keys: map[string]text.Entry{}, at: c.outputs, step: &Step{
		Index: len(y.drafts), ID: string(FlowLeave) + "#" + itoa(len(y.drafts)+1), Kind: string(FlowLeave), Local: true,
		Pos:   text.Position{File: d.Doc.Name, Line: c.outputs.Key.Line, Column: c.outputs.Key.Column},
		Shape: Shape{Flow: &Flow{Kind: FlowLeave, Chain: c.Chain, Outputs: map[string]values.Value{}}},
	}}
	for i := len(y.drafts) - 1; i >= 0; i-- {
		if y.drafts[i].parent == x {
			y.drafts[i].sibling = out
			break
		}
	}
	y.add(out, x)
}

// unite adds what is wrong in chains where they are used to the findings, there
// and at their place in the chain.
func (y *layout) unite() {
	for i := len(y.drafts) - 1; i >= 0; i-- {
		x := y.drafts[i]
		if x.found == nil {
			continue
		}
		found := slices.DeleteFunc(x.found.Findings.Sorted(), func(f text.Finding) bool { return x.chain.told[placed(f)] })
		for _, f := range found {
			x.d.Out.Add(f)
		}
		worst := slices.IndexFunc(found, func(f text.Finding) bool { return f.Severity == text.SeverityError })
		switch name := text.Quote(x.chain.Name); {
		case worst >= 0:
			x.d.Fail(x.at.Value, "chain "+name+" cannot be used here: "+found[worst].Message, "see "+found[worst].Pos.String())
		case len(found) > 0:
			x.d.Warn(x.at.Value, "chain "+name+" is used where "+found[0].Message, "see "+found[0].Pos.String())
		}
	}
}

// placed tells findings apart.
func placed(f text.Finding) string { return f.Pos.String() + " " + f.Message }

// link sets where a run goes on after each step.
func (y *layout) link() {
	for _, x := range y.drafts {
		s := x.step
		s.Next = y.after(x)
		s.Else = s.Next
		if x.otherwise != nil {
			s.Else = x.otherwise.step.Index
		}
	}
}

// after is the index of the step that follows x once it is done.
func (y *layout) after(x *draft) int {
	switch {
	case x.sibling != nil:
		return x.sibling.step.Index
	case x.parent == nil:
		return len(y.drafts)
	case x.parent.step.Flow.Kind == FlowLoop:
		return x.parent.step.Index // for the next element
	}
	return y.after(x.parent)
}

// shape finds out whether an entry of actions is a group or a stop. It reports
// whether it is.
func (l *loader) shape(d *ruleDecoder, x *draft, kinds []text.Entry) bool {
	for _, key := range []FlowKind{FlowStop, FlowGroup, FlowCall} {
		e, given := x.keys[string(key)]
		if !given {
			continue
		}
		x.at, x.step.Kind, x.step.Flow = e, string(key), &Flow{Kind: key}
		x.step.Local = true
		l.strangers(d, x, kinds)
		return true
	}
	if e, given := x.keys["max"]; given && x.keys["for_each"].Key == nil {
		d.Fail(e.Key, "max belongs to for_each", "remove it, or add for_each:")
	}
	if e, given := x.keys["with"]; given {
		d.Fail(e.Key, "with belongs to a chain", "add chain: with its name, or remove it")
	}
	if e, given := x.keys["else"]; given {
		d.Fail(e.Key, "else belongs to a group", "put the actions for a true condition under steps: next to it")
	}
	return false
}

// allowed are the keys beside stop and steps.
func (k FlowKind) allowed() []string {
	switch k {
	case FlowGroup:
		return []string{"steps", "id", "when", "else", "on_error", "for_each", "max"}
	case FlowCall:
		return []string{"chain", "with", "id", "when", "on_error", "for_each", "max"}
	}
	return []string{"stop", "id", "when"}
}

// strangers reports keys that a group or a stop does not have.
func (l *loader) strangers(d *ruleDecoder, x *draft, kinds []text.Entry) {
	kind := x.step.Flow.Kind
	for _, e := range kinds {
		if slices.Contains(l.kindNames(), e.Name) {
			d.Fail(e.Key, fmt.Sprintf("an action has one kind, but this one has %q and %q", kind, e.Name), "split it into two actions")
			continue
		}
		d.Fail(e.Key, "unknown key "+text.Quote(e.Name), language.KeyHint(e.Name, kind.allowed()))
	}
	for _, key := range append(stepKeys(), flowKeys()...) {
		e, given := x.keys[key]
		switch {
		case !given || slices.Contains(kind.allowed(), key):
		case slices.Contains(flowKeys(), key):
			d.Fail(e.Key, fmt.Sprintf("%q and %q do not go together", kind, key), "split it into two actions")
		case kind == FlowGroup:
			d.Fail(e.Key, text.Quote(key)+" belongs to an action, not to a group", "move it to the actions under steps:")
		case kind == FlowCall:
			d.Fail(e.Key, text.Quote(key)+" belongs to an action, not to a chain", "move it to the steps of the chain")
		default:
			d.Fail(e.Key, text.Quote(key)+" has no effect with stop", "remove it")
		}
	}
}

// finishFlow reads the settings of a group or a stop.
func (l *loader) finishFlow(d *ruleDecoder, x *draft) {
	switch x.step.Flow.Kind {
	case FlowLoop:
		l.finishLoop(d, x)
		return
	case FlowLeave:
		l.finishOutputs(d, x)
		return
	}
	if e, ok := x.keys["when"]; ok {
		x.step.When = d.Condition(e.Value)
	}
	x.step.ContinueOnError = d.stepParams(x).OnError == "continue"
	switch x.step.Flow.Kind {
	case FlowStop:
		l.stop(d, x)
	case FlowCall:
		l.finishCall(d, x)
	}
}

// stop reads the reason of a stop.
func (l *loader) stop(d *ruleDecoder, x *draft) {
	n := text.Resolve(x.at.Value)
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || n.Tag == "!!bool" || n.Value == "" {
		d.Fail(n, "stop needs a reason, as text", "write stop: \"already a customer\", for example")
		return
	}
	x.step.Flow.Reason = d.Text(n, n.Value, "", false)
}
