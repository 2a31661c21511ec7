package language

import "github.com/expr-lang/expr/ast"

// ChildrenOf lists the parts of a node that have a value of their own, always
// in the same order, so that a path of indexes finds the same part in every
// parse of the same source. The inside of a predicate has none: it is
// evaluated once for each item.
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

// calleeParts is what a method is called on; the name of a function is none.
func calleeParts(callee ast.Node) []ast.Node {
	if m, ok := callee.(*ast.MemberNode); ok {
		return []ast.Node{m.Node}
	}
	return nil
}

// nodeByPath returns the part that a path of indexes leads to. Variables that
// are declared on the way are declared around it, so that it can stand alone.
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

// IsLiteral reports whether a node is written out, so that showing its value
// would say nothing new.
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

// LogicOf names what decides how much of a node is evaluated: and, or, not, ??
// and ?: . It is empty for everything else.
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
