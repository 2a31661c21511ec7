package rules

import (
	"github.com/gavel-rules/gavel/rules/values"
)

// FlowKind says what a step without an action does with its run.
type FlowKind string

// The kinds of steps that send nothing and decide where their run continues.
const (
	FlowStop  FlowKind = "stop"  // ends the run as succeeded
	FlowGroup FlowKind = "steps" // one condition for several actions
	FlowLoop  FlowKind = "for_each"
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
}

// Shape is where a step stands among the others of its rule.
type Shape struct {
	// Flow is nil for an action.
	Flow *Flow
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

// Loops reports whether the rule has a for_each.
func (r *Rule) Loops() bool { return r.loops }

// Branches reports whether some actions of the rule may not be reached.
func (r *Rule) Branches() bool { return r.branches }
