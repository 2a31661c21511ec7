package language

import (
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker/nature"
	"github.com/gavel-rules/gavel/rules/language/eval"
)

// Needs is the set of parts of an event that a condition needs.
type Needs int

const (
	needsMeeting Needs = 1 << iota
	needsChange
	needsPrevious
)

func neededBy(name string) Needs {
	switch name {
	case eval.WordMeeting:
		return needsMeeting
	case eval.WordChange:
		return needsChange
	case eval.WordPrevious:
		return needsPrevious
	}
	return 0
}

// flags are the names in scope that say whether each part is present.
func (n Needs) flags() []string {
	var out []string
	for _, x := range []struct {
		need Needs
		flag string
	}{{needsMeeting, eval.MeetingGivenWord}, {needsChange, eval.ChangeGivenWord}, {needsPrevious, eval.KnownWord}} {
		if n&x.need != 0 {
			out = append(out, x.flag)
		}
	}
	return out
}

// Lacking says in words which needed part the event lacks, or "".
func (n Needs) Lacking(s *Scope) string {
	for _, flag := range n.flags() {
		if given, ok := s.env[flag].(bool); !ok || given {
			continue
		}
		switch flag {
		case eval.MeetingGivenWord:
			return "this event has no meeting"
		case eval.ChangeGivenWord:
			return "this event has no change"
		}
		return "the meeting's previous state is not known"
	}
	return ""
}

// needing makes a condition false for events that lack what it needs. A part of
// it that needs nothing can still make it true: only comparisons that use the
// meeting are unknown without one.
type needing struct{ cache *nature.Cache }

// Condition guards a whole condition. positive is false for a part below an
// odd number of nots.
func (g *needing) Condition(node *ast.Node, positive bool) Needs {
	all := Needs(0)
	g.apply(node, g.guard(node, positive, &all), positive)
	return all
}

// guard returns the needs of node. If its sides have different needs, it guards
// each side and returns 0.
func (g *needing) guard(node *ast.Node, positive bool, all *Needs) Needs {
	switch LogicOf(*node) {
	case "and", "or":
		n, _ := (*node).(*ast.BinaryNode)
		left, right := g.guard(&n.Left, positive, all), g.guard(&n.Right, positive, all)
		if left == right {
			return left
		}
		g.apply(&n.Left, left, positive)
		g.apply(&n.Right, right, positive)
		return 0
	case "not":
		n, _ := (*node).(*ast.UnaryNode)
		return g.guard(&n.Node, !positive, all)
	}
	found := needsOf(*node)
	*all |= found
	return found
}

func (g *needing) apply(node *ast.Node, n Needs, positive bool) {
	for _, flag := range n.flags() {
		given := ast.Node(&ast.IdentifierNode{Value: flag})
		operator := "and"
		g.place(given, *node)
		if !positive {
			operator = "or"
			given = &ast.UnaryNode{Operator: "not", Node: given}
			g.place(given, *node)
		}
		whole := &ast.BinaryNode{Operator: operator, Left: given, Right: *node}
		g.place(whole, *node)
		*node = whole
	}
}

func (g *needing) place(n, like ast.Node) {
	n.SetLocation(like.Location())
	n.SetNature(g.cache.FromType(eval.BoolType()))
}

// needsOf returns the needs of a comparison. A check for presence needs
// nothing.
func needsOf(n ast.Node) Needs {
	switch x := n.(type) {
	case *ast.IdentifierNode:
		return neededBy(x.Value)
	case *ast.BinaryNode:
		_, left := x.Left.(*ast.NilNode)
		_, right := x.Right.(*ast.NilNode)
		if left || right {
			return 0
		}
		if x.Operator == "??" {
			return needsOf(x.Right)
		}
	case *ast.CallNode:
		callee, ok := x.Callee.(*ast.IdentifierNode)
		if ok && callee.Value == "has" {
			return 0
		}
		if ok && callee.Value == "default" && len(x.Arguments) > 1 {
			return needsOf(x.Arguments[1])
		}
	case *ast.PredicateNode:
		return needsOf(x.Node)
	case *ast.SequenceNode:
		return needsOfAll(x.Nodes)
	}
	return needsOfAll(ChildrenOf(n))
}

func needsOfAll(nodes []ast.Node) Needs {
	out := Needs(0)
	for _, n := range nodes {
		out |= needsOf(n)
	}
	return out
}
