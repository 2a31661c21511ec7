package language

import (
	"github.com/expr-lang/expr/ast"

	"github.com/gavel-rules/gavel/rules/language/eval"
)

// coalesce makes ?? work for absent fields and keeps the type.
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

// nilComparison replaces a comparison with nil with a check for absence.
func (r *rewriter) nilComparison(node *ast.Node, n *ast.BinaryNode) bool {
	_, left := n.Left.(*ast.NilNode)
	_, right := n.Right.(*ast.NilNode)
	side := &n.Left
	switch {
	case left == right: // nil == nil stays unchanged
		return left
	case left:
		side = &n.Right
	}
	r.absence(node, side, n.Operator == "!=")
	return true
}

// absence replaces node with a check whether value is absent, or present.
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
		if _, call := n.Node.(*ast.CallNode); call && !hasOptional(n.Node) {
			*node = n.Node
		}
	}
}

// hasOptional reports whether there is a ?. in n.
func hasOptional(n ast.Node) bool {
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
