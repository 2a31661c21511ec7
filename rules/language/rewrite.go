package language

import (
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker/nature"

	"github.com/gavel-rules/gavel/rules/language/eval"
)

// rewriter replaces parts of a checked expression where the expression library
// works differently from rules: absent values, exact numbers, characters instead
// of bytes, and readable errors.
type rewriter struct {
	cache *nature.Cache
	comp  *Compiler
}

func (r *rewriter) rewrite(node *ast.Node, u eval.Use) {
	if *node == nil {
		return
	}
	var named eval.Operand
	if r.mayBeNamed(*node) {
		named = eval.OperandOf(*node)
	}
	switch n := (*node).(type) {
	case *ast.UnaryNode:
		r.unary(node, n)
	case *ast.BinaryNode:
		r.binary(node, n, u)
	case *ast.ConditionalNode:
		r.rewrite(&n.Cond, eval.UseTruth)
		r.rewrite(&n.Exp1, u)
		r.rewrite(&n.Exp2, u)
		return
	case *ast.VariableDeclaratorNode:
		r.rewrite(&n.Value, eval.UseAny)
		r.rewrite(&n.Expr, u)
		return
	case *ast.SequenceNode:
		for i := range n.Nodes {
			r.rewrite(&n.Nodes[i], u)
		}
		return
	case *ast.ChainNode:
		r.chain(node, n, u)
		return
	case *ast.MemberNode:
		r.member(node, n)
	case *ast.SliceNode:
		r.slice(node, n)
	case *ast.CallNode:
		r.call(node, n)
	case *ast.BuiltinNode:
		r.builtin(node, n)
	case *ast.PredicateNode:
		r.rewrite(&n.Node, eval.UseAny)
		return
	case *ast.ArrayNode:
		for i := range n.Nodes {
			r.rewrite(&n.Nodes[i], eval.UseAny)
		}
		return
	case *ast.MapNode:
		for i := range n.Pairs {
			r.rewrite(&n.Pairs[i], eval.UseAny)
		}
		return
	case *ast.PairNode:
		r.rewrite(&n.Key, eval.UseAny)
		r.rewrite(&n.Value, eval.UseAny)
		return
	}
	r.finish(node, u, named)
}

// mayBeNamed reports whether finish may need the name of a value. Values known
// to be text, as most are, need none.
func (r *rewriter) mayBeNamed(n ast.Node) bool {
	return n.Nature().IsTime() || isCount(n) || r.Unknown(n)
}

// finish wraps a value as its use requires.
func (r *rewriter) finish(node *ast.Node, u eval.Use, named eval.Operand) {
	n := *node
	kept := *n.Nature()
	count := isCount(n)
	switch {
	case u == eval.UseStrict && (count || r.mayLack(n)):
		r.wrap(node, eval.PresentWord, named, kept)
	case count:
		r.wrap(node, eval.MaybeWord, named, nature.Nature{})
	case u == eval.UseTruth && kept.IsUnknown(r.cache):
		r.wrap(node, eval.TruthWord, named, r.cache.FromType(eval.BoolType()))
	}
}

// wrap puts a function around a value, with the name of the value.
func (r *rewriter) wrap(node *ast.Node, word string, named eval.Operand, kept nature.Nature) {
	r.replace(node, kept, word, named, *node)
}

// replace puts a call in the place of a node. about becomes its first argument.
func (r *rewriter) replace(node *ast.Node, kept nature.Nature, word string, about any, args ...ast.Node) {
	if named, ok := about.(eval.Operand); ok {
		about = &named
	}
	callee := &ast.IdentifierNode{Value: word}
	callee.SetLocation((*node).Location())
	call := &ast.CallNode{Callee: callee, Arguments: append([]ast.Node{&ast.ConstantNode{Value: about}}, args...)}
	ast.Patch(node, call)
	call.SetNature(kept)
}

// mayLack reports whether n is a time that may be absent.
func (r *rewriter) mayLack(n ast.Node) bool {
	if !n.Nature().IsTime() {
		return false
	}
	switch x := n.(type) {
	case *ast.IdentifierNode:
		return x.Value != eval.NowWord
	case *ast.MemberNode, *ast.PointerNode, *ast.ConditionalNode, *ast.BuiltinNode:
		return true
	case *ast.BinaryNode:
		return x.Operator == "??"
	case *ast.CallNode:
		callee, ok := x.Callee.(*ast.IdentifierNode)
		return ok && (callee.Value == "default" || callee.Value == eval.CalleeWord || callee.Value == eval.FetchWord)
	}
	return false
}

// isCount reports whether n is event.deliveryAttempt, a number that is 0 when
// absent.
func isCount(n ast.Node) bool {
	m, ok := n.(*ast.MemberNode)
	if !ok {
		return false
	}
	p, ok := m.Property.(*ast.StringNode)
	return ok && p.Value == "deliveryAttempt" && isWord(m.Node, eval.WordEvent)
}

func (r *rewriter) unary(node *ast.Node, n *ast.UnaryNode) {
	if n.Operator == "not" || n.Operator == "!" {
		r.rewrite(&n.Node, eval.UseTruth)
		return
	}
	named := eval.OperandOf(n.Node)
	r.rewrite(&n.Node, eval.UseStrict)
	if n.Operator == "-" && r.Unknown(n.Node) {
		r.replace(node, nature.Nature{}, eval.NegateWord, named, n.Node)
	}
}

func (r *rewriter) Unknown(n ast.Node) bool { return n.Nature().IsUnknown(r.cache) }

func (r *rewriter) binary(node *ast.Node, n *ast.BinaryNode, u eval.Use) {
	op := &eval.Operation{Op: n.Operator}
	if !n.Left.Nature().IsString() || !n.Right.Nature().IsString() {
		op.Left, op.Right = eval.OperandOf(n.Left), eval.OperandOf(n.Right)
	}
	switch n.Operator {
	case "and", "&&", "or", "||":
		r.rewrite(&n.Left, eval.UseTruth)
		r.rewrite(&n.Right, eval.UseTruth)
		return
	case "??":
		r.coalesce(n, op, u)
		return
	case "==", "!=":
		if r.nilComparison(node, n) {
			return
		}
	case "contains", "startsWith", "endsWith", "matches":
		r.rewrite(&n.Left, eval.UseAny)
		r.rewrite(&n.Right, eval.UseAny)
		if n.Operator == "matches" {
			r.requireText(&n.Left, op.Left)
			r.requireText(&n.Right, op.Right)
			return
		}
		if r.Unknown(n.Left) || r.Unknown(n.Right) {
			r.replace(node, r.cache.FromType(eval.BoolType()), eval.OperateWord, op, n.Left, n.Right)
		}
		return
	}
	op.Empty = isEmpty(n.Left) || isEmpty(n.Right)
	r.rewrite(&n.Left, eval.UseStrict)
	r.rewrite(&n.Right, eval.UseStrict)
	if n.Operator == ".." || !r.Unknown(n.Left) && !r.Unknown(n.Right) && !r.mixedList(n) && !calculates(n) {
		return
	}
	switch n.Operator {
	case "==", "!=", "<", "<=", ">", ">=", "in":
		r.replace(node, r.cache.FromType(eval.BoolType()), eval.OperateWord, op, n.Left, n.Right)
	default:
		r.replace(node, nature.Nature{}, eval.OperateWord, op, n.Left, n.Right)
	}
}

// calculates reports whether an operator calculates a number: that of the
// library overflows silently and divides by zero.
func calculates(n *ast.BinaryNode) bool {
	left, right := n.Left.Nature(), n.Right.Nature()
	switch n.Operator {
	case "+", "-", "/", "%", "**", "^":
		return left.IsNumber() && right.IsNumber()
	case "*": // also of a duration
		return (left.IsNumber() || left.IsDuration()) && (right.IsNumber() || right.IsDuration())
	}
	return false
}

// requireText makes sure that a value is text or nil.
func (r *rewriter) requireText(node *ast.Node, named eval.Operand) {
	if r.Unknown(*node) {
		r.wrap(node, eval.TextWord, named, nature.Nature{})
	}
}

// mixedList reports whether an operand is a list with items of unknown type, or
// one whose fields the library knows by another name.
func (r *rewriter) mixedList(n *ast.BinaryNode) bool {
	for _, side := range []ast.Node{n.Left, n.Right} {
		nt := side.Nature().Deref(r.cache)
		if nt.IsMap() && n.Operator != "in" || nt.IsStruct() && n.Operator == "in" {
			return true
		}
		if nt.IsArray() {
			elem := nt.Elem(r.cache)
			if elem.IsUnknown(r.cache) {
				return true
			}
		}
	}
	return false
}

func isEmpty(n ast.Node) bool {
	switch x := n.(type) {
	case *ast.StringNode:
		return x.Value == ""
	case *ast.ArrayNode:
		return len(x.Nodes) == 0
	}
	return false
}

func (r *rewriter) member(node *ast.Node, n *ast.MemberNode) {
	base := eval.OperandOf(n.Node)
	inside := eval.UseAny
	if n.Node.Nature().IsTime() || n.Method {
		inside = eval.UseStrict
	}
	r.rewrite(&n.Node, inside)
	if _, literal := n.Property.(*ast.StringNode); !literal {
		r.rewrite(&n.Property, eval.UseStrict)
	}
	if n.Method {
		if r.Unknown(n.Node) {
			r.wrap(&n.Node, eval.PresentWord, base, nature.Nature{})
		}
		return
	}
	list := n.Node.Nature().IsArray() || n.Node.Nature().IsString()
	if r.Unknown(n.Node) || list {
		kept := *(*node).Nature()
		r.replace(node, kept, eval.FetchWord, base, n.Node, n.Property)
	}
}

func (r *rewriter) slice(node *ast.Node, n *ast.SliceNode) {
	kept, base := *n.Nature(), eval.OperandOf(n.Node)
	r.rewrite(&n.Node, eval.UseAny)
	bounds := []ast.Node{&ast.NilNode{}, &ast.NilNode{}}
	for i, bound := range []*ast.Node{&n.From, &n.To} {
		if *bound != nil {
			r.rewrite(bound, eval.UseStrict)
			bounds[i] = *bound
		}
	}
	r.replace(node, kept, eval.SliceWord, base, n.Node, bounds[0], bounds[1])
}
