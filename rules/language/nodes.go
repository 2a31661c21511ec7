package language

import (
	"github.com/expr-lang/expr/ast"

	"github.com/gavel-rules/gavel/rules/language/eval"
)

// ChildrenOf lists the parts of a node that have a value, always in the same
// order, so that a path of indexes finds the same part in every parse of the
// same source. The parts of a predicate are left out, because they have a value
// for each item.
func ChildrenOf(n ast.Node) []ast.Node {
	switch x := n.(type) {
	case *ast.UnaryNode:
		return []ast.Node{x.Node}
	case *ast.BinaryNode:
		return []ast.Node{x.Left, x.Right}
	case *ast.ChainNode:
		return []ast.Node{x.Node}
	case *ast.MemberNode:
		return []ast.Node{x.Node, x.Property}
	case *ast.SliceNode:
		return present(x.Node, x.From, x.To)
	case *ast.CallNode:
		return append(calleeParts(x.Callee), x.Arguments...)
	case *ast.BuiltinNode:
		return x.Arguments
	case *ast.ConditionalNode:
		return []ast.Node{x.Cond, x.Exp1, x.Exp2}
	case *ast.VariableDeclaratorNode:
		return []ast.Node{x.Value, x.Expr}
	case *ast.ArrayNode:
		return x.Nodes
	case *ast.MapNode:
		var values []ast.Node
		for _, pair := range x.Pairs {
			if p, ok := pair.(*ast.PairNode); ok {
				values = append(values, p.Value)
			}
		}
		return values
	}
	return nil
}

func present(nodes ...ast.Node) []ast.Node {
	var out []ast.Node
	for _, n := range nodes {
		if n != nil {
			out = append(out, n)
		}
	}
	return out
}

// calleeParts returns the value that a method is called on, if any.
func calleeParts(callee ast.Node) []ast.Node {
	if m, ok := callee.(*ast.MemberNode); ok {
		return []ast.Node{m.Node}
	}
	return nil
}

// nodeByPath returns the part at a path of indexes. It is wrapped in the
// variables declared above it, so that it can be evaluated alone.
func nodeByPath(n ast.Node, path []int) ast.Node {
	if len(path) == 0 {
		return n
	}
	found := nodeByPath(ChildrenOf(n)[path[0]], path[1:])
	let, ok := n.(*ast.VariableDeclaratorNode)
	if !ok || path[0] == 0 {
		return found
	}
	wrapped := &ast.VariableDeclaratorNode{Name: let.Name, Value: let.Value, Expr: found}
	wrapped.SetLocation(let.Location())
	return wrapped
}

// IsLiteral reports whether a node is literal, so that its value need not be
// shown.
func IsLiteral(n ast.Node) bool {
	switch x := n.(type) {
	case *ast.IdentifierNode, *ast.PointerNode, *ast.PredicateNode:
		return false
	case *ast.CallNode:
		callee, ok := x.Callee.(*ast.IdentifierNode)
		return ok && (callee.Value == "duration" || callee.Value == "default") && allLiteral(x.Arguments)
	case *ast.BuiltinNode:
		return x.Name != "now" && allLiteral(x.Arguments)
	}
	return allLiteral(ChildrenOf(n))
}

func allLiteral(nodes []ast.Node) bool {
	for _, n := range nodes {
		if !IsLiteral(n) {
			return false
		}
	}
	return true
}

// LogicOf returns the operator of a node that may skip some of its parts: and,
// or, not, ?? or ?:. It is empty for all others.
func LogicOf(n ast.Node) string {
	switch x := n.(type) {
	case *ast.BinaryNode:
		switch x.Operator {
		case "and", "&&":
			return "and"
		case "or", "||":
			return "or"
		case "??":
			return "??"
		}
	case *ast.UnaryNode:
		if x.Operator == "not" || x.Operator == "!" {
			return "not"
		}
	case *ast.ConditionalNode:
		return "?:"
	}
	return ""
}

// escapeOf returns the escaping function that n is a call of, or "".
func escapeOf(n ast.Node) string {
	call, ok := n.(*ast.CallNode)
	if !ok {
		return ""
	}
	callee, ok := call.Callee.(*ast.IdentifierNode)
	if !ok {
		return ""
	}
	switch callee.Value {
	case eval.EscapeSOQL, eval.EscapeXML, eval.EscapeURL:
		return callee.Value
	}
	return ""
}
