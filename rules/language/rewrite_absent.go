package language

import (
	"github.com/expr-lang/expr/ast"

	"github.com/gavel-rules/gavel/rules/language/eval"
)

// coalesce lets ?? see that a field is absent, and keeps the type.
func (r *rewriter) coalesce(n *ast.BinaryNode, op *eval.Operation, u eval.Use) {
	kept := *n.Left.Nature()
	r.rewrite(&n.Left, eval.UseAsked)
	if !kept.IsUnknown(r.cache) && !kept.Nil && !isMaybe(n.Left) {
		r.wrap(&n.Left, eval.MaybeWord, op.Left, kept)
	}
	r.rewrite(&n.Right, u)
}

func isMaybe(n ast.Node) bool {
	call, ok := n.(*ast.CallNode)
	if !ok {
		return false
	}
	callee, ok := call.Callee.(*ast.IdentifierNode)
	return ok && callee.Value == eval.MaybeWord
}

// nilComparison turns a comparison with nil into a look at whether the value is
// absent.
func (r *rewriter) nilComparison(node *ast.Node, n *ast.BinaryNode) bool {
	_, left := n.Left.(*ast.NilNode)
	_, right := n.Right.(*ast.NilNode)
	side := &n.Left
	switch {
	case left == right: // nil == nil is left as it is
		return left
	case left:
		side = &n.Right
	}
	r.absence(node, side, n.Operator == "!=")
	return true
}

// absence inserts whether a value is absent, or whether it is there.
func (r *rewriter) absence(node, value *ast.Node, there bool) {
	about := &eval.Question{There: there, Typed: !r.Unknown(*value)}
	r.rewrite(value, eval.UseAsked)
	r.replace(node, r.cache.FromType(eval.BoolType()), eval.AbsentWord, about, *value)
}

func (r *rewriter) chain(node *ast.Node, n *ast.ChainNode, u eval.Use) {
	r.rewrite(&n.Node, u)
	if _, member := n.Node.(*ast.MemberNode); !member {
		if inner, ok := n.Node.(*ast.ChainNode); ok {
			n.Node = inner.Node
			return
		}
		if _, call := n.Node.(*ast.CallNode); call && !holdsOptional(n.Node) {
			*node = n.Node
		}
	}
}

// holdsOptional reports whether ?. stands anywhere below.
func holdsOptional(n ast.Node) bool {
	o := &optionals{}
	ast.Walk(&n, o)
	return o.found
}

type optionals struct{ found bool }

// Visit implements ast.Visitor.
func (o *optionals) Visit(node *ast.Node) {
	if m, ok := (*node).(*ast.MemberNode); ok && m.Optional {
		o.found = true
	}
}
