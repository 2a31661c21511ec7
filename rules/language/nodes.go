package language

import (
	"reflect"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"

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

// unshare copies nodes that occur twice in the tree, such as x in 0 < x <= 10,
// which would otherwise be rewritten twice.
func unshare(tree *parser.Tree) *Problem {
	u := &unsharer{seen: make(map[ast.Node]bool, 16), left: maxExprNodes}
	u.walk(&tree.Node)
	if u.left < 0 {
		return &Problem{Message: "the expression is too long", Hint: "write fewer comparisons in a row"}
	}
	return nil
}

type unsharer struct {
	seen map[ast.Node]bool
	left int
}

func (u *unsharer) walk(node *ast.Node) {
	if *node == nil {
		return
	}
	if u.left--; u.left < 0 {
		return
	}
	if u.seen[*node] {
		*node = copyNode(*node)
	}
	u.seen[*node] = true
	// The common kinds, because reflection is slow.
	switch n := (*node).(type) {
	case *ast.IdentifierNode, *ast.StringNode, *ast.IntegerNode, *ast.BoolNode, *ast.NilNode:
		return
	case *ast.MemberNode:
		u.walk(&n.Node)
		u.walk(&n.Property)
		return
	case *ast.BinaryNode:
		u.walk(&n.Left)
		u.walk(&n.Right)
		return
	}
	fields := reflect.ValueOf(*node).Elem()
	for i := range fields.NumField() {
		if !fields.Type().Field(i).IsExported() {
			continue
		}
		switch f := fields.Field(i).Addr().Interface().(type) {
		case *ast.Node:
			u.walk(f)
		case *[]ast.Node:
			for j := range *f {
				u.walk(&(*f)[j])
			}
		}
	}
}

// copyNode copies a node without its children.
func copyNode(n ast.Node) ast.Node {
	from := reflect.ValueOf(n).Elem()
	to := reflect.New(from.Type())
	to.Elem().Set(from)
	for i := range from.NumField() {
		if f := to.Elem().Field(i); f.Kind() == reflect.Slice && f.CanSet() {
			list := reflect.MakeSlice(f.Type(), f.Len(), f.Len())
			reflect.Copy(list, f)
			f.Set(list)
		}
	}
	out, _ := to.Interface().(ast.Node)
	return out
}
