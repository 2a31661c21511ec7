package rules

import (
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/rules/chains"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/values"
)

// FlowKind says what a step without an action does with its run.
type FlowKind string

// The kinds of steps that send nothing and decide where their run continues.
const (
	FlowStop  FlowKind = "stop"  // ends the run as succeeded
	FlowGroup FlowKind = "steps" // one condition for several actions
	FlowLoop  FlowKind = "for_each"
	FlowCall  FlowKind = "chain"   // the steps of a chain, with inputs
	FlowLeave FlowKind = "outputs" // the end of a chain that returns something
)

// Flow is a step that sends nothing. What is inside it follows it in
// Rule.Actions.
type Flow struct {
	Kind   FlowKind
	Reason values.Text // of a stop
	// HasElse says that a group has actions for a false condition; they begin at
	// Step.Else.
	HasElse bool
	// List has the elements of a loop, at most Max.
	List values.Expr
	Max  int
	// Chain is what a call uses, With what it gives to it.
	Chain *Chain
	With  map[string]values.Value
	// Outputs are what the end of a chain returns.
	Outputs map[string]values.Value
}

// Shape is where a step stands among the others of its rule.
type Shape struct {
	// Flow is nil for an action.
	Flow *Flow
	// Name is the id of the step for those beside it in its chain, or in its rule.
	Name string
	// Call is the number of the step that uses the chain that this one is in,
	// from 1; 0 for none.
	Call int
	// Parent is the step that this one is inside of; nil for none.
	Parent *Step
	// Next is the index of the step that follows this one once it is done.
	Next int
	// Else is the index of the step that follows this one if its condition is
	// false.
	Else int
}

// Depth is how many steps this one is inside of.
func (s *Step) Depth() int {
	n := 0
	for p := s.Parent; p != nil; p = p.Parent {
		n++
	}
	return n
}

// Inside reports whether the step is inside of another.
func (s *Step) Inside(outer *Step) bool {
	for p := s.Parent; p != nil; p = p.Parent {
		if p == outer {
			return true
		}
	}
	return false
}

// InElse reports whether the step is inside the else of a group around it.
func (s *Step) InElse(group *Step) bool { return group.Flow.HasElse && s.Index >= group.Else }

// Loop returns the for_each that the step is inside of; nil if there is none.
func (s *Step) Loop() *Step {
	for p := s.Parent; p != nil; p = p.Parent {
		if p.Flow.Kind == FlowLoop {
			return p
		}
	}
	return nil
}

// Rescue returns the step around this one that continues after a failure inside
// it; nil if there is none.
func (s *Step) Rescue() *Step {
	for p := s.Parent; p != nil; p = p.Parent {
		if p.ContinueOnError {
			return p
		}
	}
	return nil
}

// Calls reports whether the rule uses chains.
func (r *Rule) Calls() bool { return r.calls }

// Loops reports whether the rule has a for_each.
func (r *Rule) Loops() bool { return r.loops }

// Branches reports whether some actions of the rule may not be reached.
func (r *Rule) Branches() bool { return r.branches }

// Chain is a named sequence of actions, with inputs and outputs.
type Chain = chains.Chain

// caller is the step that uses the chain that this one is in; nil for none.
func (s *Step) caller() *Step {
	for p := s.Parent; p != nil; p = p.Parent {
		if p.Flow.Kind == FlowCall {
			return p
		}
	}
	return nil
}

// place says what the step is an action of.
func (s *Step) place() string {
	if s.Call > 0 {
		return "chain"
	}
	return "rule"
}

// finishCall compiles what a use of a chain gives to it.
func (l *loader) finishCall(d *ruleDecoder, x *draft) {
	e, given := x.keys["with"]
	if given && text.Resolve(e.Value).Kind != yaml.MappingNode {
		d.Fail(e.Value, "with must be a mapping of inputs, not "+text.Article(e.Value), "write with: { email: \"${{ … }}\" }")
		return
	}
	c := x.step.Flow.Chain
	if c == nil || x.found == nil {
		return // there is a finding, or nobody uses it here
	}
	x.step.noResult = c.Nothing()
	with := map[string]values.Value{}
	x.step.Flow.With = with
	var names []string
	for _, in := range c.Inputs {
		names = append(names, in.Name)
	}
	if given {
		for _, one := range d.Entries(text.Resolve(e.Value)) {
			i := slices.Index(names, one.Name)
			if i < 0 {
				d.Fail(one.Key, "chain "+text.Quote(c.Name)+" has no input "+text.Quote(text.Clip(one.Name, 60)), text.Suggest(one.Name, names))
				continue
			}
			with[one.Name] = d.input(one, c.Inputs[i])
		}
	}
	for _, in := range c.Inputs {
		if _, ok := with[in.Name]; !ok && !in.Optional {
			d.Fail(x.at.Key, "chain "+text.Quote(c.Name)+" needs the input "+text.Quote(in.Name), "add with: { "+in.Name+": … }")
		}
	}
}

// input compiles one input, and checks its type as far as it is known.
func (d *ruleDecoder) input(e text.Entry, in chains.Input) (v values.Value) {
	if !d.Out.Sound(func() { v = d.Tree(e.Value) }) {
		return v
	}
	switch kind := v.Kind(); {
	case kind == language.KindNothing && !in.Optional:
		d.Fail(e.Value, "input "+text.Quote(in.Name)+" cannot be empty", "give it a value, or make it optional in the chain: "+in.Name+": optional …")
	case kind == in.Kind, kind == language.KindAny, kind == language.KindNothing, in.Kind == language.KindAny:
	case in.Kind == language.KindText:
		d.Fail(e.Value, "input "+text.Quote(in.Name)+" must be text, but this is "+string(kind), "write string(…), or format(…) for a time")
	default:
		d.Fail(e.Value, "input "+text.Quote(in.Name)+" must be "+string(in.Kind)+", but this is "+string(kind), "")
	}
	return v
}

// finishOutputs compiles what a chain returns.
func (l *loader) finishOutputs(d *ruleDecoder, x *draft) {
	c := x.step.Flow.Chain
	for _, e := range d.Entries(text.Resolve(x.at.Value)) {
		v := d.Tree(e.Value)
		x.step.Flow.Outputs[e.Name] = v
		if c.Checked {
			continue
		}
		kind := v.Kind()
		if kind == language.KindNothing {
			kind = language.KindAny
		}
		c.Outputs[e.Name] = kind
	}
}
